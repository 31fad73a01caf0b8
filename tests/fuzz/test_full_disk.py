"""Disks that fill up: under a run, a cache, a picture, a table of vectors, or standard output."""

import contextlib
import os
import subprocess

import pytest

from dlcli.runs import evaluations
from tests.fuzz.comparison import differences, drafts
from tests.fuzz.harness import FULL, problems, snapshot, with_command
from tests.fuzz.sample_data import write_samples
from tests.fuzz.small_runs import STUDY, flags

_KIB = 1024


@contextlib.contextmanager
def disk(folder, size):
    """Mount a file system of `size` bytes while the context is open; yield a function that changes its size."""

    def mount(options):
        return subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], capture_output=True)

    folder.mkdir(parents=True, exist_ok=True)
    if mount(f"size={size}").returncode:
        raise PermissionError("a file system cannot be mounted here")
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


def test_a_run_that_a_full_disk_stopped_can_be_completed(campaign, runs, mountable):
    def run_case(random, sandbox):
        name = random.choice(list(runs.techniques))
        words = runs.train_words(name, out="disk/run")
        size = random.choice([4, 16, 64, 256, 1024, 4096]) * _KIB + random.randrange(4) * 4 * _KIB
        with disk(sandbox.work / "disk", size) as resize:
            result = sandbox.run(*words)
            wrong = problems(result, {0, 7}) + drafts(sandbox.work / "disk")
            resize("256m")
            if result.code:
                started = (sandbox.work / "disk" / "run" / "options.json").exists()
                second = sandbox.run(*(["resume", "disk/run"] if started else words))
                wrong += with_command(second, problems(second, {0}))
            if name in runs.resumable and not wrong:
                wrong += differences(runs.path(name), sandbox.work / "disk" / "run") + drafts(sandbox.work / "disk")
        return [f"a disk of {size // _KIB} KiB", *with_command(result, wrong)] if wrong else []

    campaign(run_case, 10)


def test_a_full_disk_leaves_the_previous_output_file_as_it_was(campaign, runs, mountable):
    commands = [
        ["sample", "gan", "--run", "runs/gan", "--no-show", "--out", "disk/x.png"],
        *(["viz", "schedule", "--no-show", "--out", f"disk/x.{extension}"] for extension in ("png", "svg", "pdf")),
        ["viz", "optimizer-surface", "--no-show", "--steps", "20", "--out", "disk/x.gif"],
        ["export", "runs/word2vec", "--format", "word2vec", "--overwrite", "--out", "disk/x.txt"],
        ["export", "runs/word2vec", "--format", "word2vec", "--overwrite", "--out", "disk/x.bin"],
        ["study", "optimizers", *flags({**STUDY, "steps": 1}), "--out", "disk/study"],
    ]

    def run_case(random, sandbox):
        write_samples(sandbox.work)
        runs.copy(sandbox, ["cnn", "gan", "word2vec"])
        words = random.choice(commands)
        (sandbox.work / "old").write_bytes(os.urandom(100))
        with disk(sandbox.work / "disk", random.choice([4, 8, 16]) * _KIB) as resize:
            previous = sandbox.work / words[-1]
            if previous.suffix:
                previous.write_bytes(b"previous content")
            result = sandbox.run(*words)
            wrong = problems(result, {0, 7})
            if result.code == 7 and previous.suffix and previous.read_bytes() != b"previous content":
                wrong.append(f"the previous file is lost: {previous.stat().st_size} bytes")
            wrong += drafts(sandbox.work / "disk")
            resize("64m")
            second = sandbox.run(*words)
            wrong += with_command(second, problems(second, {0}))
        return with_command(result, wrong)

    campaign(run_case, 10)


def test_a_full_cache_or_standard_stream_ends_with_one_error(campaign, runs, mountable):
    commands = [
        ["data", "show", "folder:images"],
        ["data", "show", "images.npz"],
        runs.train_words("cnn", dataset="folder:images", out="run", steps=2),
        ["eval", "runs/cnn"],
        ["runs", "list"],
        ["data", "list", "--json"],
        ["predict", "cnn", "--run", "runs/cnn", "images/a", "--json"],
        ["--help"],
    ]

    def run_case(random, sandbox):
        write_samples(sandbox.work)
        runs.copy(sandbox, ["cnn"])
        words = random.choice(commands)
        before = snapshot(sandbox.work / "runs")
        with disk(sandbox.folder / "cache", random.choice([4, 16, 64, 256]) * _KIB):
            sandbox.cache = sandbox.folder / "cache" if random.random() < 0.7 else sandbox.cache
            streams = random.choice([{}, {"stdout": FULL}, {"stderr": FULL}, {"stdout": FULL, "stderr": FULL}])
            result = sandbox.run(*words, **streams)
            wrong = problems(result, {0, 7}, unreadable="stderr" in streams)
            if "stdout" in streams and result.code == 0 and words[0] != "train":
                wrong.append("its output is lost, but its exit code is 0")
        after = snapshot(sandbox.work / "runs")
        after.pop(f"cnn/{evaluations.NAME}", None)
        wrong += ["a run has changed"] if after != before else []
        return [f"{streams}, cache {sandbox.cache}", *with_command(result, wrong)] if wrong else []

    campaign(run_case, 20)
