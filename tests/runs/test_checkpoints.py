import contextlib
import errno
import json
import os
import resource
import shutil
import threading
import time
from pathlib import Path

import jax
import ml_dtypes
import numpy as np
import orbax.checkpoint as ocp
import pytest
import tensorstore

from dlcli.errors import DiskError, RunError
from dlcli.runs.checkpoints import Checkpoints, require_space
from dlcli.runs.manifest import Corrupt
from tests.comparing import assert_same_arrays
from tests.resealing import seal

ARRAYS = {
    "layer/kernel": np.arange(12, dtype=np.float32).reshape(3, 4),
    "layer/half": np.array([0.5, -2.0], ml_dtypes.bfloat16),
    "layer/empty": np.zeros([0, 3], np.float32),
    "step": np.asarray(7, np.uint32),
    "flag": np.array([True, False]),
}
PROGRESS = {"step": 5}


def shapes(arrays):
    return {name: jax.ShapeDtypeStruct(array.shape, array.dtype) for name, array in arrays.items()}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("written")
    Checkpoints(folder).save(5, ARRAYS, PROGRESS)
    return folder


@pytest.fixture
def checkpoints(written, tmp_path):
    shutil.copytree(written, tmp_path / "checkpoints")
    return Checkpoints(tmp_path / "checkpoints")


def test_arrays_of_every_kind_come_back_bit_for_bit(checkpoints):
    found = checkpoints.load(5, shapes(ARRAYS))
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        assert found[name].tobytes() == array.tobytes()
    assert checkpoints.progress(5) == PROGRESS


def test_a_number_that_is_not_finite_comes_back_in_an_array(tmp_path):
    array = {"x": np.array([np.nan, np.inf, -0.0], np.float32)}
    Checkpoints(tmp_path).save(1, array, {})
    assert Checkpoints(tmp_path).load(1, shapes(array))["x"].tobytes() == array["x"].tobytes()


def test_a_later_write_of_the_same_step_replaces_the_first(checkpoints):
    checkpoints.save(5, ARRAYS, {"step": 6})
    assert checkpoints.progress(5) == {"step": 6}
    assert checkpoints.steps() == [5]


def files(written):
    folder = Checkpoints(written).path(5)
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_flipped_byte_is_detected_in_every_file(written, checkpoints):
    for name in files(written):
        path = checkpoints.path(5) / name
        whole = path.read_bytes()
        for place in (0, len(whole) // 2, len(whole) - 1):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            with pytest.raises(Corrupt):
                checkpoints.load(5, shapes(ARRAYS))
        path.write_bytes(whole)
    checkpoints.load(5, shapes(ARRAYS))


def test_a_truncated_or_missing_file_is_detected_for_every_file(written, checkpoints):
    for name in files(written):
        path = checkpoints.path(5) / name
        whole = path.read_bytes()
        path.write_bytes(whole[:-1])
        with pytest.raises(Corrupt):
            checkpoints.load(5, shapes(ARRAYS))
        path.unlink()
        with pytest.raises(Corrupt):
            checkpoints.load(5, shapes(ARRAYS))
        path.write_bytes(whole)


def test_changed_progress_is_detected_without_reading_the_arrays(checkpoints):
    path = checkpoints.path(5) / "progress.json"
    path.write_text(path.read_text().replace("5", "6"))
    with pytest.raises(Corrupt, match="progress"):
        checkpoints.progress(5)


ANY_PATH = [
    "a[1]",
    "[",
    "a*b",
    "a?b",
    "{a}",
    "~",
    "a$b",
    "100%",
    "a%20b",
    "a#b",
    "a:b",
    "it's",
    'a"b',
    "a b",
    "a\nb",
    "Übung 中",
]


@pytest.mark.parametrize("name", [*ANY_PATH, "a\udcffb", "a\\b", "x" * 255, "\x1b[31m"], ids=ascii)
def test_checkpoints_are_readable_in_a_folder_of_any_name(tmp_path, name):
    checkpoints = Checkpoints(tmp_path / name / "checkpoints")
    checkpoints.save(5, ARRAYS, PROGRESS)
    assert_same_arrays(checkpoints.load(5, shapes(ARRAYS)), ARRAYS)


def test_checkpoints_are_readable_under_a_path_of_a_thousand_characters(tmp_path):
    checkpoints = Checkpoints(tmp_path.joinpath(*["folder" * 40] * 4))
    checkpoints.save(5, ARRAYS, PROGRESS)
    assert_same_arrays(checkpoints.load(5, shapes(ARRAYS)), ARRAYS)


def test_a_glob_pattern_in_the_path_does_not_match_another_folder(tmp_path):
    others = {"x": np.ones([3], np.float32), "y": np.ones([2], np.float32)}
    Checkpoints(tmp_path / "ab").save(5, others, {})
    Checkpoints(tmp_path / "a?").save(5, {"x": np.zeros([3], np.float32)}, {})
    assert Checkpoints(tmp_path / "a?").load(5, shapes({"x": others["x"]}))["x"].tolist() == [0, 0, 0]


def test_a_checkpoint_written_by_its_real_path_is_readable(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(5, {"x": np.zeros([3], np.float32)}, {})
    shutil.rmtree(checkpoints.path(5) / "state")
    later = {"x": np.ones([3], np.float32)}
    ocp.PyTreeCheckpointer(use_compression=False).save(checkpoints.path(5) / "state", later)
    seal(checkpoints.path(5))
    assert checkpoints.load(5, shapes(later))["x"].tolist() == [1, 1, 1]


def test_a_link_replaces_proc_on_systems_without_it(tmp_path, monkeypatch):
    is_dir = Path.is_dir
    monkeypatch.setattr(Path, "is_dir", lambda path, **how: str(path) != "/proc/self/fd" and is_dir(path, **how))
    checkpoints = Checkpoints(tmp_path / "a[1]")
    checkpoints.save(5, ARRAYS, PROGRESS)
    assert_same_arrays(checkpoints.load(5, shapes(ARRAYS)), ARRAYS)


def test_a_checkpoint_that_cannot_be_read_back_does_not_replace_the_old_one(checkpoints, monkeypatch):
    def lose_index(checkpointer, folder, *_, **__):
        Path(folder).mkdir()

    monkeypatch.setattr(ocp.Checkpointer, "save", lose_index)
    with pytest.raises(DiskError, match="cannot be read back"):
        checkpoints.save(5, ARRAYS, {"step": 6})
    assert_same_arrays(checkpoints.load(5, shapes(ARRAYS)), ARRAYS)
    assert [path.name for path in checkpoints.folder.iterdir()] == ["00000005"]


STRAYS = [
    ".DS_Store",
    "._x",
    "Thumbs.db",
    "desktop.ini",
    ".nfs0000000000c0ffee",
    "@eaDir/x",
    "notes.txt",
    "a.sync-conflict-1",
]


@pytest.mark.parametrize("place", ["", "state", "state/d", "state/ocdbt.process_0"])
def test_files_that_the_manifest_does_not_name_are_ignored(checkpoints, place):
    for name in STRAYS:
        path = checkpoints.path(5) / place / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"\0\0\0\1Bud1")
    (checkpoints.path(5) / place / "._link").symlink_to("/dev/zero")
    assert_same_arrays(checkpoints.load(5, shapes(ARRAYS)), ARRAYS)
    assert checkpoints.progress(5) == PROGRESS


def test_system_files_created_during_a_write_are_not_part_of_the_checkpoint(tmp_path, monkeypatch):
    save = ocp.Checkpointer.save

    def and_a_stray(checkpointer, folder, *rest, **more):
        save(checkpointer, folder, *rest, **more)
        Path(folder, ".DS_Store").write_text("x")

    monkeypatch.setattr(ocp.Checkpointer, "save", and_a_stray)
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(5, ARRAYS, PROGRESS)
    (checkpoints.path(5) / "state" / ".DS_Store").unlink()
    assert_same_arrays(checkpoints.load(5, shapes(ARRAYS)), ARRAYS)


@pytest.mark.parametrize("name", ["state/link", "state/d/link", "state/_sharding", "state/checkpoint"])
def test_files_that_orbax_reads_must_be_named_by_the_manifest(checkpoints, name):
    path = checkpoints.path(5) / name
    path.symlink_to("/etc/hostname") if path.name == "link" else path.write_text("{}")
    with pytest.raises(Corrupt, match="must be a plain file that the manifest names"):
        checkpoints.load(5, shapes(ARRAYS))


@pytest.mark.parametrize("name", ["progress.json", "manifest.json", "state/_METADATA"])
def test_a_pipe_instead_of_a_file_is_refused_without_waiting(checkpoints, name):
    path = checkpoints.path(5) / name
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(Corrupt):
        checkpoints.load(5, shapes(ARRAYS))
    with pytest.raises(Corrupt):
        checkpoints.progress(5) if name != "state/_METADATA" else checkpoints.load(5, shapes(ARRAYS))


def test_a_giant_progress_is_not_read(checkpoints):
    os.truncate(checkpoints.path(5) / "progress.json", 10**12)
    with pytest.raises(Corrupt, match="progress"):
        checkpoints.progress(5)


def test_a_folder_that_cannot_be_removed_does_not_prevent_later_writes(checkpoints, monkeypatch):
    for name in (".draft-00000005", ".removed-00000005"):
        (checkpoints.folder / name / "kept").mkdir(parents=True)
    remove = shutil.rmtree
    monkeypatch.setattr(shutil, "rmtree", lambda path, **how: None if (path / "kept").exists() else remove(path, **how))
    checkpoints.save(5, ARRAYS, {"step": 6})
    checkpoints.prune(set())
    assert checkpoints.steps() == []


def test_a_checkpoint_set_aside_replaces_the_one_set_aside_before(checkpoints):
    for step in (6, 7):
        shutil.copytree(checkpoints.path(5), checkpoints.path(step))
    checkpoints.set_aside([5])
    moved = checkpoints.set_aside([6, 7])
    assert checkpoints.steps() == []
    assert [path.name for path in moved] == sorted(path.name for path in checkpoints.folder.iterdir())
    assert [path.name for path in moved] == ["damaged-00000006", "damaged-00000007"]
    assert checkpoints.set_aside([]) == []
    assert all(path.exists() for path in moved)


@pytest.mark.parametrize(
    ("expected", "what"),
    [
        ({**ARRAYS, "step": np.zeros([2], np.uint32)}, r"step as uint32\[\].*need uint32\[2\]"),
        ({**ARRAYS, "step": np.asarray(0, np.int32)}, "need int32"),
        ({**ARRAYS, "more": np.zeros([2])}, "lacks more"),
        ({name: array for name, array in ARRAYS.items() if name != "flag"}, "has flag"),
    ],
)
def test_unexpected_arrays_are_refused_by_name(checkpoints, expected, what):
    with pytest.raises(RunError, match=what):
        checkpoints.load(5, shapes(expected))


@pytest.mark.parametrize("name", ["../outside", "/etc/hostname", "state/../../outside"])
def test_a_manifest_cannot_name_files_outside_of_its_checkpoint(checkpoints, name):
    (checkpoints.folder / "outside").write_text("secret")
    seal(checkpoints.path(5), lambda manifest: manifest["files"].update({name: {"size": 6, "sha256": "0" * 64}}))
    with pytest.raises(Corrupt, match="lacks"):
        checkpoints.load(5, shapes(ARRAYS))


@pytest.mark.parametrize("name", ["progress.json", "manifest.json", "state/_METADATA", "state", "."])
def test_links_are_not_followed(checkpoints, name):
    path = checkpoints.path(5) / name
    path.rename(checkpoints.folder / "elsewhere")
    path.symlink_to(checkpoints.folder / "elsewhere")
    if name == ".":
        path = checkpoints.path(5)
    with pytest.raises(Corrupt):
        checkpoints.load(5, shapes(ARRAYS))


def test_a_folder_of_checkpoints_that_is_a_link_is_refused(checkpoints, tmp_path):
    (tmp_path / "link").symlink_to(checkpoints.folder)
    with pytest.raises(RunError, match="found a link"):
        Checkpoints(tmp_path / "link").steps()
    with pytest.raises(RunError, match="found a link"):
        Checkpoints(tmp_path / "link").prune(set())


def test_folders_that_are_not_named_after_a_step_are_ignored(checkpoints):
    for name in ("5", "000000005", "-0000001", "٠٠٠٠٠٠٠٧", "1e8", ".removed-00000001", "9" * 200):
        (checkpoints.folder / name).mkdir()
    (checkpoints.folder / "00000009").write_text("a file")
    assert checkpoints.steps() == [5, int("9" * 200)]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"arrays": ' + b"[" * 100_000,
        b'{"arrays": {"x": [[1e400], 5]}, "files": {}}',
        b'{"arrays": {"x": 3}, "files": {"y": null}}',
        b'{"arrays": {}, "files": {}, "sha256": []}',
    ],
)
def test_an_invalid_manifest_is_corrupt(checkpoints, content):
    (checkpoints.path(5) / "manifest.json").write_bytes(content)
    with pytest.raises(Corrupt):
        checkpoints.load(5, shapes(ARRAYS))


def test_a_giant_manifest_is_not_read(checkpoints):
    with (checkpoints.path(5) / "manifest.json").open("wb") as file:
        file.truncate(10**12)  # bytes, none of which takes room on the disk
    with pytest.raises(Corrupt, match="MiB"):
        checkpoints.load(5, shapes(ARRAYS))


def test_a_giant_file_of_zeros_is_not_read(checkpoints):
    seal(checkpoints.path(5), lambda manifest: manifest["files"]["state/_METADATA"].update(size=10**12))
    with (checkpoints.path(5) / "state" / "_METADATA").open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(Corrupt, match="1000000"):
        checkpoints.load(5, shapes(ARRAYS))


def test_a_checkpoint_smaller_than_its_arrays_is_corrupt(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(5, {"x": np.zeros([2, 2], np.float32)}, {})
    seal(checkpoints.path(5), lambda manifest: manifest["arrays"].update(x=[[10**6, 10**6], "float32"]))
    with pytest.raises(Corrupt, match="4000000000000"):
        checkpoints.load(5, {"x": jax.ShapeDtypeStruct([10**6, 10**6], np.float32)})


@pytest.mark.parametrize(
    "change",
    [
        {"shape": [10**6, 10**6]},
        {"shape": [2**40, 2**40], "chunks": [2**40, 2**40]},
        {"chunks": [2**33, 2**33]},
        {"dtype": "<f8"},
        {"fill_value": 1.0, "shape": [3, 2]},
    ],
)
def test_arrays_that_differ_from_their_declaration_are_corrupt(tmp_path, change):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(5, {"x": np.zeros([2, 2], np.float32)}, {})
    state = checkpoints.path(5) / "state"
    store = tensorstore.KvStore.open({"driver": "ocdbt", "base": f"file://{state}/"}).result()
    layout = json.loads(store.read(b"x/.zarray").result().value)
    store.write(b"x/.zarray", json.dumps({**layout, **change}).encode()).result()
    seal(checkpoints.path(5))
    with pytest.raises(Corrupt):
        checkpoints.load(5, {"x": jax.ShapeDtypeStruct([2, 2], np.float32)})


def test_arrays_that_the_manifest_omits_are_corrupt(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(5, {"x": np.zeros([2], np.float32), "hidden": np.zeros([9], np.float32)}, {})
    seal(checkpoints.path(5), lambda manifest: manifest["arrays"].pop("hidden"))
    with pytest.raises(Corrupt, match="other arrays"):
        checkpoints.load(5, {"x": jax.ShapeDtypeStruct([2], np.float32)})


@pytest.mark.parametrize("content", [b"{}", b"[]", b"[" * 100_000, b"\xff", b'{"tree_metadata": {"(\'../x\',)": {}}}'])
def test_invalid_records_of_orbax_are_corrupt(checkpoints, content):
    (checkpoints.path(5) / "state" / "_METADATA").write_bytes(content)
    seal(checkpoints.path(5))
    with pytest.raises(Corrupt):
        checkpoints.load(5, shapes(ARRAYS))


def test_a_string_instead_of_an_array_is_corrupt(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(5, {"x": np.zeros([], np.float32)}, {})
    state = checkpoints.path(5) / "state"
    shutil.rmtree(state)
    ocp.PyTreeCheckpointer(use_compression=False).save(state, {"x": "text"})
    seal(checkpoints.path(5))
    with pytest.raises(Corrupt):
        checkpoints.load(5, {"x": jax.ShapeDtypeStruct([], np.float32)})


def test_pruning_removes_all_other_checkpoints(checkpoints):
    for step in (6, 7):
        shutil.copytree(checkpoints.path(5), checkpoints.path(step))
    for name in (".draft-00000009", ".removed-00000004"):
        (checkpoints.folder / name / "state").mkdir(parents=True)
    checkpoints.prune({5, 7})
    assert sorted(path.name for path in checkpoints.folder.iterdir()) == ["00000005", "00000007"]


@pytest.fixture
def files_of_at_most():
    """Bounds the size of every file the process writes, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("room", [100_000, 700, 1])
def test_a_failed_write_leaves_the_other_checkpoints_intact(checkpoints, files_of_at_most, room):
    files_of_at_most(room)
    with pytest.raises(DiskError, match=r"file too large.*[GT]iB free"):
        checkpoints.save(6, {"x": np.ones([1000, 1000], np.float32)}, {})
    assert [path.name for path in checkpoints.folder.iterdir()] == ["00000005"]
    checkpoints.load(5, shapes(ARRAYS))


def test_a_failed_write_leaves_no_files_of_threads_that_still_write(tmp_path, monkeypatch):
    threads = []

    def write_late(draft):
        with contextlib.suppress(FileNotFoundError):  # the folder is removed
            end = time.monotonic() + 0.15
            while time.monotonic() < end:
                (draft / str(time.monotonic_ns())).touch()

    def fail(draft, *contents):
        threads.append(threading.Thread(target=write_late, args=[draft]))
        threads[0].start()
        time.sleep(0.02)
        raise OSError(errno.EFBIG, "File too large")

    monkeypatch.setattr("dlcli.runs.checkpoints._write", fail)
    with pytest.raises(DiskError):
        Checkpoints(tmp_path).save(9, ARRAYS, PROGRESS)
    threads[0].join()
    assert not list(tmp_path.iterdir())


def test_too_little_free_space_is_an_error_that_names_the_free_space(tmp_path):
    require_space(tmp_path, bytes_each=1000, count=3)
    free = shutil.disk_usage(tmp_path).free
    with pytest.raises(DiskError, match=r"3 checkpoints.*[GT]iB free") as raised:
        require_space(tmp_path, bytes_each=free, count=3)
    assert "--keep" in raised.value.hint
