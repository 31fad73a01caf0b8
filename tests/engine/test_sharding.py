"""`--shard fsdp` splits the state over the devices; the losses are those of one device."""

import json
from pathlib import Path

import jax
import pytest

from dlcli import engine
from dlcli.engine import devices
from dlcli.engine.program import Program
from tests.comparing import records
from tests.linear import Learner, LineFacts, Train
from tests.processes import Child

WIDE = {"features": 4096, "learning_rate": 1e-4, "report_every": 1}


def bytes_on(device, leaves) -> int:
    """Return the bytes of a state on a device."""
    return sum(each.data.nbytes for leaf in leaves for each in leaf.addressable_shards if each.device == device)


def train_sharded(folder: Path) -> None:
    """Train on eight devices, sharded, and print the bytes of the state; give it to `Child`."""
    options = Train(out=folder, shard="fsdp", **WIDE)
    list(engine.fit(Learner, options))
    program = Program(Learner, options, LineFacts(features=4096), devices.mesh(options.batch_size))
    leaves = program.initial()
    create = jax.jit(lambda: jax.tree.leaves(leaves), out_shardings=program.shardings)
    print(
        json.dumps(
            {
                "whole": program.device_bytes("none"),
                "planned": program.device_bytes("fsdp"),
                "measured": max(bytes_on(device, leaves) for device in jax.devices()),
                "devices": len(jax.devices()),
                "created": create.lower().compile().memory_analysis().output_size_in_bytes,
            }
        )
    )


@pytest.fixture(scope="module")
def sharded(tmp_path_factory):
    """The folders of the run on one device and on eight, and the bytes of its state."""
    folder = tmp_path_factory.mktemp("sharded")
    child = Child(folder, train_sharded, folder / "eight", environment={"DLCLI_CPU_DEVICES": "8"})
    list(engine.fit(Learner, Train(out=folder / "one", **WIDE)))
    assert child.wait() == 0, child.err.read_text()
    return folder / "one", folder / "eight", json.loads(child.out.read_text())


def test_the_losses_of_a_sharded_run_are_those_of_one_device(sharded):
    one, eight = map(records, sharded[:2])
    assert [each["step"] for each in one] == [each["step"] for each in eight]
    for left, right in zip(one, eight, strict=True):
        assert left["metrics"]["loss"] == pytest.approx(right["metrics"]["loss"], rel=1e-4)


def test_each_device_has_an_eighth_of_the_state(sharded):
    found = sharded[2]
    assert found["devices"] == 8
    assert found["measured"] == found["planned"] < found["whole"] / 7


def test_a_sharded_run_is_resumed_on_one_device(sharded):
    *_, ended = engine.resume(Learner, sharded[1], {"steps": 14})
    assert ended.step == 14


def test_without_an_axis_that_the_devices_divide_an_array_is_copied():
    mesh = jax.sharding.Mesh(jax.devices()[:1], ("data",))
    (found,) = devices.state_shardings(mesh, [jax.ShapeDtypeStruct((4099,), "float32")], "fsdp")
    assert found.is_fully_replicated
