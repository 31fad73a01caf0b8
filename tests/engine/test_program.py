import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dlcli import engine
from dlcli.engine import devices
from dlcli.engine.load import one_device, rebuilt
from dlcli.engine.program import Program, score_all
from dlcli.errors import RunError
from tests.linear import HELD_OUT, Learner, LineFacts, Train, held_out

OPTIONS = Train()
COMPILING = {"/jax/core/compile/jaxpr_trace_duration", "/jax/core/compile/backend_compile_duration"}


@pytest.fixture(scope="module", autouse=True)
def _cached_compilations():
    devices.prepare("auto")


@pytest.fixture(scope="module")
def program():
    return Program(Learner, OPTIONS, LineFacts(features=3), one_device())


@pytest.fixture
def listening():
    """The names of the events that jax has timed since the list was last cleared."""
    names = []

    def listen(name, seconds, **_):
        names.append(name)

    jax.monitoring.register_event_duration_secs_listener(listen)
    yield names
    jax.monitoring.unregister_event_duration_listener(listen)


@pytest.fixture
def batches(program):
    place = devices.split(program.mesh)
    return (jax.device_put(dict(batch), place) for batch in Learner.read(OPTIONS).train_from(0))


def run(program, batches, steps):
    leaves, window = program.initial(), None
    for _, batch in zip(range(steps), batches, strict=False):
        window = program.empty_window(batch) if window is None else window
        leaves, window = program.update(leaves, window, batch)
    return leaves, window


def test_the_initial_state_is_that_of_the_learner(program):
    leaves = program.initial()
    state = nnx.state(Learner(OPTIONS, LineFacts(features=3)))
    for built, compiled in zip(jax.tree.leaves(state), leaves, strict=True):
        if jnp.issubdtype(built.dtype, jax.dtypes.prng_key):
            built, compiled = jax.random.key_data(built), jax.random.key_data(compiled)
        np.testing.assert_allclose(built, compiled, rtol=1e-6)


def test_an_initial_state_without_weights_has_the_other_leaves(program):
    whole = program.to_host(program.initial())
    found = program.initial_without(program.weights)
    assert found.keys() == whole.keys() - set(program.weights)
    for name, array in found.items():
        np.testing.assert_array_equal(array, whole[name])


def test_another_seed_causes_no_compilation(program, listening):
    program.initial()
    other = Program(Learner, OPTIONS.model_copy(update={"seed": 1}), LineFacts(features=3), one_device())
    listening.clear()
    other.initial()
    assert "/jax/core/compile/backend_compile_duration" not in listening


def test_every_leaf_has_a_unique_path(program):
    assert len(set(program.names)) == len(program.names) == len(program.initial())
    assert {"line/kernel", "line/bias", "norm/mean", "rngs/default/count", "average/params/kernel"} <= set(
        program.names
    )


def test_a_state_restored_from_the_host_is_equal_bit_for_bit(program, batches):
    leaves, window = run(program, batches, 2)
    saved = program.to_host(leaves)
    again = program.from_host(saved)
    assert all(array.tobytes() == saved[name].tobytes() for name, array in program.to_host(again).items())
    batch = next(batches)
    more, _ = program.update(again, program.empty_window(batch), batch)
    unbroken, _ = program.update(leaves, window, batch)
    for name, array in program.to_host(unbroken).items():
        assert array.tobytes() == program.to_host(more)[name].tobytes()


def test_the_size_of_a_state_is_that_of_its_arrays(program):
    arrays = program.to_host(program.initial())
    assert program.bytes == sum(array.nbytes for array in arrays.values())
    assert {name: (shape.shape, shape.dtype) for name, shape in program.shapes.items()} == {
        name: (array.shape, array.dtype) for name, array in arrays.items()
    }


def test_the_step_is_traced_and_compiled_once(program, batches):
    run(program, batches, 4)
    assert program.update._cache_size() == 1


def test_validation_with_a_partial_last_batch_is_compiled_once(program):
    leaves, place = program.initial(), devices.split(program.mesh)
    for _ in range(3):
        score_all(program, leaves, held_out(OPTIONS, 1), place)
    assert program.score._cache_size() == 1


def test_a_learner_is_traced_once_for_each_of_its_methods(batches):
    traced = []

    class Watched(Learner):
        def update(self, batch):
            traced.append("update")
            return super().update(batch)

        def score(self, batch):
            traced.append("score")
            return super().score(batch)

    program = Program(Watched, OPTIONS, LineFacts(features=3), one_device())
    leaves, _ = run(program, batches, 3)
    for _ in range(2):
        score_all(program, leaves, held_out(OPTIONS, 1), devices.split(program.mesh))
    assert traced == ["update", "score"]


def test_two_leaves_of_a_learner_may_share_an_array(batches):
    class Twins(Learner):
        def __init__(self, options, facts):
            super().__init__(options, facts)
            self.start = nnx.Variable(self.line.kernel[...])

    program = Program(Twins, OPTIONS, LineFacts(features=3), one_device())
    leaves, _ = run(program, batches, 2)
    saved = program.to_host(leaves)
    assert saved["start"].tobytes() != saved["line/kernel"].tobytes()
    again = program.leaves_of(program.learner(program.initial()))
    batch = next(batches)
    program.update(again, program.empty_window(batch), batch)


def test_the_window_records_the_first_step_that_is_not_finite(program, batches):
    leaves, window = program.initial(), None
    for number, batch in zip(range(1, 6), batches, strict=False):
        window = program.empty_window(batch) if window is None else window
        with_nan = {**batch, "y": batch["y"] * np.float32(np.nan)} if number in (3, 4) else batch
        leaves, window = program.update(leaves, window, with_nan)
    assert (int(window.seen), int(window.bad)) == (5, 3)
    assert not program.is_finite(leaves)


def test_a_new_state_is_finite(program):
    assert program.is_finite(program.initial())


def test_padding_does_not_affect_the_validation_metrics(program):
    batches = held_out(OPTIONS, 1)
    filled = [{**batch, "y": np.where(batch["mask"], batch["y"], 1e6)} for batch in batches]
    leaves, place = program.initial(), devices.split(program.mesh)
    plain, other = (score_all(program, leaves, each, place)["loss"] for each in (batches, filled))
    assert float(plain.weight) == HELD_OUT
    assert plain.value() == other.value()


def test_validation_does_not_change_the_state(program):
    leaves = program.initial()
    before = program.to_host(leaves)
    score_all(program, leaves, held_out(OPTIONS, 1), devices.split(program.mesh))
    assert all(array.tobytes() == before[name].tobytes() for name, array in program.to_host(leaves).items())


def test_the_score_without_batches_is_none(program):
    assert score_all(program, program.initial(), [], devices.split(program.mesh)) is None


def test_the_learner_of_a_state_is_in_evaluation_mode(program, batches):
    leaves, _ = run(program, batches, 2)
    learner = program.learner(leaves)
    assert learner.dropout.deterministic
    assert learner.norm.use_running_average
    assert learner.line.kernel[...].tobytes() == program.to_host(leaves)["line/kernel"].tobytes()
    assert all((a == b).all() for a, b in zip(program.leaves_of(learner), leaves, strict=True))


def test_a_learner_larger_than_memory_is_refused_before_allocation(tmp_path):
    class Vast(Learner):
        def __init__(self, options, facts):
            super().__init__(options, facts)
            self.vast = nnx.Param(jnp.zeros([2**20, 2**20, 2**20, 16]))  # 2**64 numbers, 0 in an int64

    with pytest.raises(RunError, match="GiB of memory"):
        rebuilt(tmp_path, Vast, OPTIONS, LineFacts(features=3), one_device())


def test_options_that_cannot_be_built_are_an_error_of_the_run(tmp_path):
    class Odd(Learner):
        def __init__(self, options, facts):
            raise ValueError("features must be even, got features=3")

    with pytest.raises(RunError, match=r"fit each other: .*even"):
        rebuilt(tmp_path, Odd, OPTIONS, LineFacts(features=3), one_device())


def test_nothing_is_traced_or_compiled_after_the_first_step_and_validation(tmp_path, listening):
    """Also in a resumed run: the restored window of training metrics must have the type of a new one."""

    def quiet_from(step, events):
        next(event for event in events if isinstance(event, engine.Validated | engine.Saved) and event.step >= step)
        listening.clear()
        yield from events

    first = quiet_from(4, engine.fit(Learner, OPTIONS.model_copy(update={"out": tmp_path / "run"})))
    next(event for event in first if isinstance(event, engine.Saved) and event.step == 9)
    assert not COMPILING.intersection(listening)
    first.close()
    # From the second save on: the first one of a session compiles the question whether the state is finite.
    list(quiet_from(15, engine.resume(Learner, tmp_path / "run", {"steps": 24})))
    assert not COMPILING.intersection(listening)
