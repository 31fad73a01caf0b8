"""Checkpoints whose arrays several processes have written in parts."""

import json

import jax
import numpy as np
import pytest

from dlcli.errors import LostError
from dlcli.runs import parts
from dlcli.runs.checkpoints import Checkpoints
from dlcli.runs.manifest import Corrupt
from dlcli.runs.parts import Exchange, Part

WHOLE = {
    "kernel": np.arange(24, dtype=np.float32).reshape(4, 6),
    "bias": np.arange(6, dtype=np.float32),
    "step": np.array(3),
}


def of(process):
    """The arrays as one of two processes holds them: the kernel is split along its second axis."""
    lengths = (4, 2)
    start = sum(lengths[:process])
    part = Part(WHOLE["kernel"][:, start : start + lengths[process]], 1, lengths)
    return {**WHOLE, "kernel": part}


def saved(folder, step=3, arrays=of):
    """Save a checkpoint as two processes do."""
    checkpoints = Checkpoints(folder)
    first, second = Exchange(0, "same"), Exchange(1, "same")
    second.write(checkpoints.folder, step, arrays(1))
    checkpoints.save(step, arrays(0), {"step": step}, first)
    return checkpoints


def loaded(checkpoints, step=3):
    expected = {name: jax.ShapeDtypeStruct(each.shape, each.dtype) for name, each in WHOLE.items()}
    return checkpoints.load(step, expected)


def test_the_parts_are_read_as_whole_arrays(tmp_path):
    checkpoints = saved(tmp_path)
    found = loaded(checkpoints)
    assert found.keys() == WHOLE.keys()
    assert all(np.array_equal(found[name], WHOLE[name]) for name in WHOLE)
    assert {path.name for path in checkpoints.path(3).iterdir()} == {
        "state",
        "part-0",
        "part-1",
        "progress.json",
        "manifest.json",
    }
    assert [path.name for path in tmp_path.iterdir()] == ["00000003"]


def test_a_checkpoint_without_parts_has_the_manifest_of_one_process(tmp_path):
    checkpoints = saved(tmp_path, arrays=lambda process: WHOLE)
    assert "split" not in json.loads((checkpoints.path(3) / "manifest.json").read_text())
    assert np.array_equal(loaded(checkpoints)["kernel"], WHOLE["kernel"])


@pytest.mark.parametrize("damage", ["changed", "missing", "link"])
def test_a_damaged_part_is_corrupt(tmp_path, damage):
    checkpoints = saved(tmp_path / "run")
    path = max((checkpoints.path(3) / "part-1").rglob("*"), key=lambda path: path.stat().st_size * path.is_file())
    if damage == "changed":
        path.write_bytes(bytes(path.stat().st_size))
    elif damage == "missing":
        path.unlink()
    else:
        moved = (checkpoints.path(3) / "part-1").rename(tmp_path / "elsewhere")
        (checkpoints.path(3) / "part-1").symlink_to(moved)
    with pytest.raises(Corrupt):
        loaded(checkpoints)


def test_lengths_that_do_not_make_up_the_array_are_corrupt(tmp_path):
    checkpoints = saved(tmp_path)
    path = checkpoints.path(3) / "manifest.json"
    found = json.loads(path.read_text())
    found["split"]["kernel"] = [1, [4, 4]]
    path.write_text(json.dumps(found))
    with pytest.raises(Corrupt):
        loaded(checkpoints)


def test_a_step_is_saved_twice(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    first, second = Exchange(0, "same"), Exchange(1, "same")
    for _ in range(2):  # process 1 is ahead
        second.write(checkpoints.folder, 3, of(1))
    for _ in range(2):
        checkpoints.save(3, of(0), {"step": 3}, first)
    assert np.array_equal(loaded(checkpoints)["kernel"], WHOLE["kernel"])


def test_parts_of_an_earlier_session_are_removed(tmp_path):
    Exchange(1, "before").write(tmp_path, 3, of(1))
    Exchange(0, "now").remove_others(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_part_that_is_never_written_ends_the_wait(tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "_PATIENCE", 0.1)
    with pytest.raises(LostError, match="process 1 has not written its part"):
        Checkpoints(tmp_path).save(3, of(0), {"step": 3}, Exchange(0, "same"))
    assert not list(tmp_path.glob("0*"))
