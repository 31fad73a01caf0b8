"""Disks that fill up: under a run, a cache, a picture, a table of vectors, or standard output."""

import contextlib
import os
import subprocess

import pytest

from dlcli import techniques
from tests.fuzz.files import scatter
from tests.fuzz.harness import FULL, faults, said, snapshot
from tests.fuzz.test_kills import compared
from tests.fuzz.trained import flags

_KIB = 1024


@contextlib.contextmanager
def disk(folder, size):
    """Mount a file system of so many bytes for as long as the block lasts; yield what changes its size."""

    def mount(options):
        return subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], capture_output=True)

    folder.mkdir(parents=True, exist_ok=True)
    if mount(f"size={size}").returncode:
        raise PermissionError("no file system can be mounted here")
    try:
        yield lambda size: mount(f"remount,size={size}").check_returncode()
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def mountable(tmp_path):
    try:
        with disk(tmp_path / "disk", 2**16):
            pass
    except PermissionError as error:
        pytest.skip(str(error))


def test_a_run_whose_disk_fills_up_ends_with_7_and_goes_on_when_there_is_room(campaign, trained, mountable):
    names = list(trained.names)
    learners = techniques.having("resume")

    def attempt(random, place):
        name = random.choice(names)
        words = ["train", trained.names[name], *flags({**trained.options[name], "out": "disk/run"})]
        size = random.choice([4, 16, 64, 256, 1024, 4096]) * _KIB + random.randrange(4) * 4 * _KIB
        with disk(place.work / "disk", size) as resize:
            found = place.run(*words)
            wrong = faults(found, {0, 7})
            wrong += [f"left behind: {path}" for path in (place.work / "disk").rglob(".*")]
            resize("256m")
            if found.code:
                begun = (place.work / "disk" / "run" / "options.json").exists()
                again = place.run(*(["resume", "disk/run"] if begun else words))
                wrong += said(again, faults(again, {0}))
            if trained.names[name] in learners and not wrong:
                wrong += compared(trained.path(name), place.work / "disk" / "run")
        return [f"a disk of {size // _KIB} KiB", *said(found, wrong)] if wrong else []

    campaign(attempt, 25)


def test_a_file_that_does_not_fit_is_not_left_half_written(campaign, trained, mountable):
    def attempt(random, place):
        scatter(place.work)
        trained.copy(place, ["cnn", "gan", "word2vec"])
        words = random.choice(
            [
                ["sample", "gan", "--run", "runs/gan", "--out", "disk/x.png", "--no-show"],
                ["viz", "schedule", "--no-show", "--out", f"disk/x.{random.choice(['png', 'svg', 'pdf'])}"],
                ["viz", "optimizer-surface", "--no-show", "--steps", "20", "--out", "disk/x.gif"],
                [
                    "predict",
                    "word2vec",
                    "--run",
                    "runs/word2vec",
                    "--vectors",
                    f"disk/x.{random.choice(['txt', 'bin'])}",
                ],
                [
                    "study",
                    "optimizers",
                    "--optimizer",
                    "sgd",
                    "--rates",
                    "1",
                    "--seeds",
                    "2",
                    "--steps",
                    "1",
                    "--out",
                    "disk/s",
                ],
            ]
        )
        (place.work / "old").write_bytes(os.urandom(100))
        with disk(place.work / "disk", random.choice([4, 8, 16]) * _KIB) as resize:
            old = place.work / "disk" / words[-1].removeprefix("disk/")
            if "." in old.name:
                old.write_bytes(b"what was there")
            found = place.run(*words)
            wrong = faults(found, {0, 7})
            if found.code == 7 and "." in old.name and old.read_bytes() != b"what was there":
                wrong.append(f"the file that was there is lost: {old.stat().st_size} bytes")
            wrong += [f"left behind: {path}" for path in (place.work / "disk").rglob(".*")]
            resize("64m")
            again = place.run(*words)
            wrong += said(again, faults(again, {0}))
        return said(found, wrong)

    campaign(attempt, 20)


def test_a_full_cache_and_a_full_standard_stream_are_said_in_a_line(campaign, trained, mountable):
    def attempt(random, place):
        scatter(place.work)
        trained.copy(place, ["cnn"])
        words = random.choice(
            [
                ["data", "show", "folder:pictures"],
                ["data", "show", "images.npz"],
                [
                    "train",
                    "cnn",
                    *flags({**trained.options["cnn"], "dataset": "folder:pictures", "out": "run", "steps": 2}),
                ],
                ["eval", "runs/cnn"],
                ["runs", "list"],
                ["data", "list", "--json"],
                ["predict", "cnn", "--run", "runs/cnn", "pictures/a", "--json"],
                ["--help"],
            ]
        )
        before = snapshot(place.work / "runs")
        with disk(place.folder / "cache", random.choice([4, 16, 64, 256]) * _KIB):
            place.cache = place.folder / "cache" if random.random() < 0.7 else place.cache
            streams = random.choice([{}, {"stdout": FULL}, {"stderr": FULL}, {"stdout": FULL, "stderr": FULL}])
            found = place.run(*words, **streams)
            wrong = faults(found, {0, 7}, silent="stderr" in streams)
            if "stdout" in streams and found.code == 0 and words[0] != "train":
                wrong.append("its output was lost, and it ended with 0")
        wrong += ["a run was changed"] if snapshot(place.work / "runs") != before else []
        return [f"{streams}, cache {place.cache}", *said(found, wrong)] if wrong else []

    campaign(attempt, 40)
