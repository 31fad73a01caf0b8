"""`--shard fsdp` on two processes: each saves its part of the state, and any number of processes continues the run."""

import json
import shutil

import numpy as np
import pytest

from dlcli.runs.checkpoints import Checkpoints
from tests.comparing import arrays, records
from tests.engine.test_processes import codes, together
from tests.processes import Child, dlcli

WIDE = ("--batch-size", "16", "--points", "60", "--hidden-sizes", "64,32", "--device", "cpu", "--dropout", "0.2")
SHORT = ("--steps", "6", "--report-every", "1", "--validate-every", "3", "--save-every", "3", "--schedule", "constant")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a run of two processes with a split state, and that of the same run in one process."""
    folder = tmp_path_factory.mktemp("sharded")
    options = ("train", "mlp", *WIDE, *SHORT, "--shard", "fsdp")
    children = together(folder / "said", *options, "--out", str(folder / "two"))
    children.append(Child(folder / "alone", dlcli, *options, "--out", str(folder / "one")))
    assert codes(children) == [0, 0, 0], "\n".join(child.err.read_text() for child in children)
    return folder / "two", folder / "one"


def without_last_checkpoint(run, folder):
    """Return a copy of a run that lacks its last checkpoint, as after a kill."""
    copy = shutil.copytree(run, folder / "copy")
    shutil.rmtree(Checkpoints(copy / "checkpoints").path(6))
    info = json.loads((copy / "run.json").read_text())
    (copy / "run.json").write_text(json.dumps({**info, "ended": None}))
    return copy


def test_each_process_saves_its_half_of_the_split_arrays(run):
    checkpoint = Checkpoints(run[0] / "checkpoints").path(6)
    manifest = json.loads((checkpoint / "manifest.json").read_text())
    split = {name for name, (shape, _) in manifest["arrays"].items() if np.prod(shape) >= 1024}
    assert split == manifest["split"].keys()
    assert len(split) >= 3  # a kernel and its two moments
    for name, (axis, lengths) in manifest["split"].items():
        assert lengths == [manifest["arrays"][name][0][axis] // 2] * 2
    held = [sum(path.stat().st_size for path in (checkpoint / part).iterdir()) for part in ("part-0", "part-1")]
    assert held == [4 * sum(int(np.prod(manifest["arrays"][name][0])) for name in split) / 2] * 2


def test_the_state_is_that_of_one_process(run):
    two, one = map(arrays, run)
    assert two.keys() == one.keys()
    for name in one:
        assert np.allclose(two[name], one[name], rtol=1e-4, atol=1e-5), name


def test_the_run_resumed_by_two_processes_is_bit_identical(run, tmp_path):
    copy = without_last_checkpoint(run[0], tmp_path)
    assert codes(together(tmp_path / "said", "resume", str(copy))) == [0, 0]
    left, right = arrays(copy), arrays(run[0])
    assert all(left[name].tobytes() == right[name].tobytes() for name in right)
    assert records(copy) == records(run[0])


def test_a_run_of_one_process_is_resumed_by_two(run, tmp_path):
    copy = without_last_checkpoint(run[1], tmp_path)
    assert codes(together(tmp_path / "said", "resume", str(copy))) == [0, 0]
    left, right = arrays(copy), arrays(run[1])
    for name in right:
        assert np.allclose(left[name], right[name], rtol=1e-4, atol=1e-5), name


def test_each_device_of_one_process_has_a_block(run, tmp_path):
    copy = without_last_checkpoint(run[0], tmp_path)
    four = {"DLCLI_CPU_DEVICES": "4"}
    resumed = Child(tmp_path, dlcli, "resume", str(copy), environment=four)
    assert resumed.wait() == 0, resumed.err.read_text()
    manifest = json.loads((Checkpoints(copy / "checkpoints").path(6) / "manifest.json").read_text())
    assert all(len(lengths) == 4 for _, lengths in manifest["split"].values())
    left, right = arrays(copy), arrays(run[0])
    for name in right:
        assert np.allclose(left[name], right[name], rtol=1e-4, atol=1e-5), name


def damaged(run, copy, steps):
    """Return a copy of a run with a damaged block of process 1 in the checkpoints of some steps, and their paths."""
    shutil.copytree(run, copy)
    paths = [Checkpoints(copy / "checkpoints").path(step) / "part-1" / "00000.raw" for step in steps]
    for path in paths:
        path.write_bytes(bytes(path.stat().st_size))
    return paths


def test_both_processes_leave_out_a_checkpoint_with_a_damaged_block(run, tmp_path):
    paths = damaged(run[0], tmp_path / "copy", [6])
    children = together(tmp_path / "said", "resume", str(tmp_path / "copy"), "--steps", "7")
    assert codes(children) == [0, 0]
    said = children[0].err.read_text()
    assert f"{paths[0]} is not what was written; using the checkpoint of step 3 instead" in " ".join(said.split("\n"))


def test_a_run_without_intact_blocks_of_one_process_names_the_block(run, tmp_path):
    steps = Checkpoints(run[0] / "checkpoints").steps()
    paths = damaged(run[0], tmp_path / "copy", steps)
    children = together(tmp_path / "said", "resume", str(tmp_path / "copy"), "--steps", "7")
    assert codes(children) == [4, 4]
    said = children[0].err.read_text()
    assert "has no intact checkpoint" in said
    assert f"{paths[-1]} is not what was written" in said


def test_the_run_is_resumed_and_evaluated_by_one_process(run, tmp_path):
    copy = without_last_checkpoint(run[0], tmp_path)
    resumed = Child(tmp_path, dlcli, "resume", str(copy))
    assert resumed.wait() == 0, resumed.err.read_text()
    left, right = arrays(copy), arrays(run[0])
    for name in right:
        assert np.allclose(left[name], right[name], rtol=1e-4, atol=1e-5), name
    manifest = json.loads((Checkpoints(copy / "checkpoints").path(6) / "manifest.json").read_text())
    assert all(len(lengths) == 1 for _, lengths in manifest["split"].values())  # one device, one block
    evaluated = Child(tmp_path, dlcli, "eval", str(run[0]))
    assert evaluated.wait() == 0, evaluated.err.read_text()
