"""Runs that start from the weights of another run: what is taken, what is frozen, and with which learning rate."""

import json
import shutil

import numpy as np
import pytest

from dlcli import engine
from dlcli.errors import RunError, UsageError
from dlcli.options.initialization import matches, patterns
from dlcli.runs.folder import RunFolder
from dlcli.techniques.diffusion.learner import Learner as DiffusionLearner
from dlcli.techniques.diffusion.options import Train as DiffusionTrain
from dlcli.techniques.mlp.learner import Learner
from dlcli.techniques.mlp.options import Train

TINY = {"dataset": "iris", "hidden_sizes": "6,5", "batch_size": 8, "schedule": "constant"}
HIDDEN = "network/hidden/1/linear/kernel"
OUTPUT = "network/output/kernel"


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    *_, ended = engine.fit(Learner, Train(out=tmp_path_factory.mktemp("runs") / "source", steps=4, **TINY))
    return ended.folder


def trained(folder, **options):
    events = list(engine.fit(Learner, Train(out=folder, **{**TINY, "steps": 1, **options})))
    return next((each.taken for each in events if isinstance(each, engine.Initialized)), None)


def arrays(folder, step=None):
    checkpoints = RunFolder(folder).checkpoints
    return checkpoints.load(checkpoints.steps()[-1] if step is None else step, None)


def best(folder):
    return RunFolder(folder).restore(None, "best")[0]


def test_a_run_starts_with_the_best_weights_of_its_source(source, tmp_path):
    taken = trained(tmp_path / "run", init_from=str(source), seed=5)
    weights = [name for name in best(source) if name.startswith("network/") and "rngs" not in name]
    assert sorted(taken.taken) == sorted(weights)
    assert taken.new == taken.left == ()
    start = arrays(tmp_path / "run", 0)
    assert all(start[name].tobytes() == best(source)[name].tobytes() for name in weights)
    assert json.loads((tmp_path / "run" / "run.json").read_text())["initialized"]["taken"] == list(taken.taken)


def test_parameters_of_another_shape_keep_their_random_values(source, tmp_path):
    taken = trained(tmp_path / "run", init_from=str(source), hidden_sizes="6,7")
    assert set(taken.taken) == {"network/hidden/0/linear/kernel", "network/hidden/0/linear/bias", "network/output/bias"}
    assert set(taken.new) == {HIDDEN, "network/hidden/1/linear/bias", OUTPUT} == set(taken.left)


def test_an_output_layer_of_other_classes_is_not_taken(source, tmp_path):
    taken = trained(tmp_path / "run", init_from=str(source), dataset="wine")
    assert HIDDEN in taken.taken
    assert {OUTPUT, "network/output/bias", "network/hidden/0/linear/kernel"} <= set(taken.new)


def test_frozen_parameters_are_neither_updated_nor_decayed(source, tmp_path):
    trained(tmp_path / "run", init_from=str(source), freeze="hidden", weight_decay=0.5, steps=3)
    start, end = arrays(tmp_path / "run", 0), arrays(tmp_path / "run", 3)
    assert start[HIDDEN].tobytes() == end[HIDDEN].tobytes()
    assert start[OUTPUT].tobytes() != end[OUTPUT].tobytes()
    assert not [name for name in end if "opt_state" in name and "hidden" in name]


def test_the_learning_rate_factor_scales_the_update_of_what_was_taken(source, tmp_path):
    common = {"init_from": str(source), "dataset": "wine", "optimizer": "sgd", "learning_rate": 0.5}
    moves = {}
    for scale in (1.0, 0.25):
        folder = tmp_path / str(scale)
        trained(folder, **common, init_lr_scale=scale)
        start, end = arrays(folder, 0), arrays(folder, 1)
        moves[scale] = {name: end[name] - start[name] for name in (HIDDEN, OUTPUT)}
    assert np.abs(moves[1.0][OUTPUT]).max() > 1e-3
    np.testing.assert_allclose(moves[0.25][OUTPUT], moves[1.0][OUTPUT], rtol=1e-5)
    np.testing.assert_allclose(moves[0.25][HIDDEN], 0.25 * moves[1.0][HIDDEN], rtol=1e-4, atol=1e-8)


def test_a_resumed_run_equals_an_unbroken_one_without_its_source(source, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(source, copy)
    options = {"init_from": str(copy), "freeze": "hidden/0", "init_lr_scale": 0.5, "seed": 3}
    trained(tmp_path / "whole", steps=4, **options)
    trained(tmp_path / "broken", steps=2, **options)
    shutil.rmtree(copy)
    list(engine.resume(Learner, tmp_path / "broken", {"steps": 4}))
    whole, broken = arrays(tmp_path / "whole"), arrays(tmp_path / "broken")
    assert whole.keys() == broken.keys()
    assert all(whole[name].tobytes() == broken[name].tobytes() for name in whole)


def test_options_of_the_first_weights_cannot_change_on_resume(source, tmp_path):
    trained(tmp_path / "run", init_from=str(source))
    with pytest.raises(UsageError, match="--init-from sets the first weights"):
        list(engine.resume(Learner, tmp_path / "run", {"init_from": str(source), "steps": 3}))


def test_a_pattern_that_matches_nothing_is_refused(source, tmp_path):
    with pytest.raises(UsageError, match="--freeze hiden must match a parameter"):
        trained(tmp_path / "run", init_from=str(source), freeze="hiden")
    assert not (tmp_path / "run").exists()


def test_freezing_every_parameter_is_refused(tmp_path):
    with pytest.raises(UsageError, match="must leave parameters to train"):
        trained(tmp_path / "run", freeze="*")


def test_a_source_of_another_technique_is_refused(source, tmp_path, dlcli):
    code, _, err = dlcli("train", "cnn", "--init-from", source, "--out", tmp_path / "run")
    assert code == RunError.exit_code
    assert "--init-from needs a run of cnn" in err


def test_the_model_of_the_source_is_the_default(source, tmp_path, dlcli):
    code, out, _ = dlcli(
        "train", "mlp", "--init-from", source, "--dataset", "iris", "--freeze", "hidden", "--plan", "--json"
    )
    plan = json.loads(out)
    assert code == 0
    assert (plan["options"]["hidden_sizes"], plan["origins"]["hidden_sizes"]) == ("6,5", "--init-from")
    assert plan["frozen_parameters"] == 4 * 6 + 6 + 6 * 5 + 5
    assert len(plan["initialized"]["taken"]) == 6


def test_averaged_weights_are_taken_where_the_technique_averages_them(tmp_path):
    given = {"dataset": "ring", "channels": 1, "batch_size": 8, "steps": 2}
    list(engine.fit(DiffusionLearner, DiffusionTrain(**given, out=tmp_path / "source")))
    options = DiffusionTrain(**given, init_from=str(tmp_path / "source"), out=tmp_path / "run", seed=3)
    list(engine.fit(DiffusionLearner, options))
    source, start = best(tmp_path / "source"), arrays(tmp_path / "run", 0)
    average = source["ema/params/fc_in/kernel"]
    assert average.tobytes() != source["network/fc_in/kernel"].tobytes()
    assert average.tobytes() == start["network/fc_in/kernel"].tobytes() == start["ema/params/fc_in/kernel"].tobytes()


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("network/hidden", "network/hidden/0/linear/kernel", True),
        ("hidden", "network/hidden/0/linear/kernel", True),
        ("hidden.0", "network/hidden/0/linear/kernel", True),
        ("hidden/0", "network/hidden/01/linear/kernel", False),
        ("*/kernel", "network/hidden/0/linear/kernel", True),
        ("*/kernel", "network/hidden/0/linear/bias", False),
        ("hid", "network/hidden/0/linear/kernel", False),
        ("generator", "generator/layers/0/kernel", True),
    ],
)
def test_a_pattern_matches_a_path_and_all_below_it(pattern, path, expected):
    assert matches(patterns(pattern), path) is expected
