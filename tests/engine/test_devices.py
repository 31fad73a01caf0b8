import json
from pathlib import Path

import jax
import pytest

from dlcli import engine
from dlcli.engine import devices
from dlcli.errors import DeviceError
from dlcli.runs.checkpoints import Checkpoints
from dlcli.techniques.cnn.learner import Learner as Cnn
from dlcli.techniques.cnn.options import Train as TrainCnn
from tests.comparing import records
from tests.linear import Learner, Train
from tests.processes import Child, dlcli

TINY_CNN = {"channels": 2, "stages": 1, "hidden": 0, "norm": "batch", "batch_size": 8, "steps": 6, "report_every": 1}
EIGHT = {"DLCLI_CPU_DEVICES": "8"}


def train_both(folder: Path) -> None:
    """Train the line and a network with batch statistics; run by `Child`."""
    line, network = (
        Train(out=folder / "line", report_every=1),
        TrainCnn(out=folder / "network", **TINY_CNN),
    )
    for learner, options in ((Learner, line), (Cnn, network)):
        (start, *_) = engine.fit(learner, options)
        print(start.device)


@pytest.fixture(scope="module")
def one_and_eight(tmp_path_factory):
    """Both runs on one and on eight devices, and the output of each process."""
    folder = tmp_path_factory.mktemp("devices")
    eight = Child(folder, train_both, folder / "eight", environment=EIGHT)
    train_both(folder / "one")
    assert eight.wait() == 0, eight.err.read_text()
    return folder, eight.out.read_text().split("\n")


@pytest.mark.parametrize("name", ["line", "network"])
def test_eight_devices_give_the_losses_of_one_device(one_and_eight, name):
    folder, _ = one_and_eight
    one, eight = records(folder / "one" / name), records(folder / "eight" / name)
    assert [each["step"] for each in one] == [each["step"] for each in eight]
    for left, right in zip(one, eight, strict=True):
        assert left["metrics"]["loss"] == pytest.approx(right["metrics"]["loss"], rel=1e-5, abs=1e-5)


def test_a_batch_divisible_by_eight_is_sharded_over_eight_devices(one_and_eight):
    assert one_and_eight[1][:2] == ["8 × cpu", "8 × cpu"]


def test_a_run_of_eight_devices_can_be_resumed_on_one(one_and_eight):
    folder, _ = one_and_eight
    list(engine.resume(Learner, folder / "eight" / "line", {"steps": 14}))
    assert Checkpoints(folder / "eight" / "line" / "checkpoints").steps()[-1] == 14


def test_the_number_of_devices_in_the_mesh_divides_the_batch():
    mesh = devices.mesh(7)
    assert mesh.axis_names == ("data",)
    assert 7 % mesh.size == 0


def test_out_of_memory_is_a_device_error_with_a_hint():
    with (
        pytest.raises(DeviceError, match="out of memory: RESOURCE_EXHAUSTED: 5 GB") as raised,
        devices.memory_errors(),
    ):
        raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: 5 GB\nlong dump")
    assert "--batch-size" in raised.value.hint


def test_other_errors_of_the_runtime_are_unchanged():
    with pytest.raises(jax.errors.JaxRuntimeError, match="INTERNAL"), devices.memory_errors():
        raise jax.errors.JaxRuntimeError("INTERNAL: fault")


def test_a_missing_device_exits_with_code_6(tmp_path):
    arguments = ["train", "cnn", "--device", "gpu", "--json", "--out", str(tmp_path / "run")]
    child = Child(tmp_path, dlcli, *arguments, environment={"JAX_PLATFORMS": "cpu"})
    assert child.wait() == 6
    error = json.loads(child.out.read_text())["error"]
    assert (error["kind"], error["message"]) == ("device", "--device gpu needs a gpu, found cpu")
    assert "--device" in error["hint"]
    assert not (tmp_path / "run").exists()
