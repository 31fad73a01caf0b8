"""Checkpoints with arrays that are stored in blocks, which several processes have written."""

import json

import jax
import numpy as np
import pytest

from dlcli.errors import LostError
from dlcli.files import open_regular
from dlcli.runs import manifest, parts
from dlcli.runs.checkpoints import Checkpoints
from dlcli.runs.manifest import Corrupt
from dlcli.runs.parts import Exchange, Part
from dlcli.runs.progress import Progress, Snapshot
from dlcli.runs.snapshots import restore

WHOLE = {
    "kernel": np.arange(24, dtype=np.float32).reshape(4, 6),
    "bias": np.arange(6, dtype=np.float32),
    "step": np.array(3),
}


def of(process):
    """The arrays as one of two processes has them: the kernel is split along its second axis, two blocks each."""
    blocks = dict(enumerate(np.split(WHOLE["kernel"], (1, 3, 5), axis=1)))
    own = {number: blocks[number] for number in (2 * process, 2 * process + 1)}
    return {**WHOLE, "kernel": Part(own, 1, (1, 2, 2, 1))}


def saved(folder, step=3, arrays=of):
    """Save a checkpoint as two processes do."""
    checkpoints = Checkpoints(folder)
    first, second = Exchange(0, 2, "same"), Exchange(1, 2, "same")
    second.write(checkpoints.folder, step, arrays(1))
    checkpoints.save(step, arrays(0), {"step": step}, first)
    return checkpoints


EXPECTED = {name: jax.ShapeDtypeStruct(each.shape, each.dtype) for name, each in WHOLE.items()}


def loaded(checkpoints, step=3):
    return checkpoints.load(step, EXPECTED)


@pytest.fixture
def opened(monkeypatch):
    """The names of the files that are read, with their folder; not those that orbax reads."""
    found = []

    def counting(path, **options):
        found.append(f"{path.parent.name}/{path.name}")
        return open_regular(path, **options)

    monkeypatch.setattr(parts, "open_regular", counting)
    monkeypatch.setattr(manifest, "open_regular", counting)
    return found


def test_the_parts_are_read_as_whole_arrays(tmp_path):
    checkpoints = saved(tmp_path)
    found = loaded(checkpoints)
    assert found.keys() == WHOLE.keys()
    assert all(np.array_equal(found[name], WHOLE[name]) for name in WHOLE)
    assert {path.name for path in checkpoints.path(3).iterdir()} == {
        "state",
        *(f"part-{number}" for number in range(4)),
        "progress.json",
        "manifest.json",
    }
    assert [path.name for path in tmp_path.iterdir()] == ["00000003"]


@pytest.mark.parametrize(
    ("start", "stop", "blocks"), [(0, 3, (0, 1)), (3, 6, (2, 3)), (2, 4, (1, 2)), (0, 6, (0, 1, 2, 3))]
)
def test_only_blocks_that_overlap_the_range_are_read_each_once(tmp_path, opened, start, stop, blocks):
    checkpoints = saved(tmp_path)
    opened.clear()
    found = checkpoints.load_ranges(3, EXPECTED, {"kernel": (1, start, stop)})["kernel"]
    assert [name for name in opened if name.endswith(".raw")] == [f"part-{number}/00000.raw" for number in blocks]
    assert (found.shape, found.dtype) == (WHOLE["kernel"].shape, np.float32)
    assert np.array_equal(found[:, start:stop], WHOLE["kernel"][:, start:stop])
    for index in ((slice(None), slice(0, 7)), (slice(None), slice(start - 1, stop))):
        if (start, stop) != (0, 6):
            with pytest.raises(IndexError):
                found[index]


def test_a_range_along_another_axis_takes_a_part_of_each_block(tmp_path):
    found = saved(tmp_path).load_ranges(3, EXPECTED, {"kernel": (0, 1, 3)})["kernel"]
    assert np.array_equal(found[1:3, :], WHOLE["kernel"][1:3])
    assert found.values.nbytes == WHOLE["kernel"].nbytes / 2


def test_a_damaged_block_matters_only_to_the_process_that_reads_it(tmp_path):
    checkpoints = saved(tmp_path)
    path = checkpoints.path(3) / "part-2" / "00000.raw"
    path.write_bytes(bytes(path.stat().st_size))
    checkpoints.load_ranges(3, EXPECTED, {"kernel": (1, 0, 3)})
    with pytest.raises(Corrupt, match=r"part-2/00000\.raw is not what was written"):
        checkpoints.load_ranges(3, EXPECTED, {"kernel": (1, 3, 6)})


def test_all_processes_leave_out_a_checkpoint_that_one_of_them_cannot_read(tmp_path):
    checkpoints, tried = Checkpoints(tmp_path), []
    progress = Snapshot(progress=Progress(step=3)).model_dump()
    for step in (3, 6):
        checkpoints.save(step, WHOLE, {**progress, "progress": {**progress["progress"], "step": step}})

    def damage(own):
        tried.append(own)
        return "part-1/00000.raw of another process" if len(tried) == 1 else own

    with pytest.warns(UserWarning, match="of another process; using the checkpoint of step 3"):
        _, snapshot = restore(checkpoints, EXPECTED, "last", tmp_path, {}, damage)
    assert (snapshot.progress.step, tried) == (3, ["", ""])


def test_a_checkpoint_without_parts_has_the_manifest_of_one_process(tmp_path):
    checkpoints = saved(tmp_path, arrays=lambda process: WHOLE)
    assert "split" not in json.loads((checkpoints.path(3) / "manifest.json").read_text())
    assert np.array_equal(loaded(checkpoints)["kernel"], WHOLE["kernel"])


@pytest.mark.parametrize("damage", ["changed", "missing", "link"])
def test_a_damaged_part_is_corrupt(tmp_path, damage):
    checkpoints = saved(tmp_path / "run")
    path = checkpoints.path(3) / "part-1" / "00000.raw"
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
    first, second = Exchange(0, 2, "same"), Exchange(1, 2, "same")
    for _ in range(2):  # process 1 is ahead
        second.write(checkpoints.folder, 3, of(1))
    for _ in range(2):
        checkpoints.save(3, of(0), {"step": 3}, first)
    assert np.array_equal(loaded(checkpoints)["kernel"], WHOLE["kernel"])


def test_parts_of_an_earlier_session_are_removed(tmp_path):
    Exchange(1, 2, "before").write(tmp_path, 3, of(1))
    Exchange(0, 2, "now").remove_others(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_part_that_is_never_written_ends_the_wait(tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "_PATIENCE", 0.1)
    with pytest.raises(LostError, match="process 1 has not written its part"):
        Checkpoints(tmp_path).save(3, of(0), {"step": 3}, Exchange(0, 2, "same"))
    assert not list(tmp_path.glob("0*"))
