"""Runs under signals, kills, full disks, damaged files, and in folders from an attacker."""

import ast
import contextlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import dlcli as package
from dlcli import engine
from dlcli.errors import DiskError, RunError
from dlcli.notices import Notice
from dlcli.runs.writer import RunWriter
from dlcli.techniques.cnn.learner import Learner as Cnn
from dlcli.techniques.cnn.options import Train as TrainCnn
from tests.comparing import arrays, assert_same_run, records
from tests.linear import Learner, Train
from tests.processes import Child, dlcli
from tests.resealing import seal

# Of one kind wherever it can be, so that it is compiled once.
TINY_CNN = {"channels": 2, "stages": 1, "hidden": 2048, "batch_size": 8, "schedule": "constant", "report_every": 5}
FLAGS = [text for name, value in TINY_CNN.items() for text in ("--" + name.replace("_", "-"), str(value))]
ENDLESS = ["train", "cnn", *FLAGS, "--steps", "100000"]


def begin_or_go_on(options: Train, pause: float) -> None:
    """Train the line, or resume it after a kill, with `pause` seconds per step; run by `Child`."""
    slow_down = lambda progress: time.sleep(pause)  # noqa: E731
    if (options.out / "options.json").exists():
        events = engine.resume(Learner, options.out, {}, slow_down)
    else:  # killed before there was a run
        events = engine.fit(Learner, options, slow_down)
    for event in events:
        if isinstance(event, engine.Saved):
            print("saved", file=sys.stderr)


def saved(folder: Path) -> int:
    return max(RunWriter(folder).checkpoints.steps(), default=-1)


# Signals


def test_a_signal_saves_the_step_with_the_command_to_resume(tmp_path):
    folder = tmp_path / "run"
    steps = []
    for number, code, arguments in (
        (signal.SIGINT, 130, [*ENDLESS, "--out", str(folder)]),
        (signal.SIGTERM, 143, ["resume", str(folder)]),
    ):
        child = Child(tmp_path, dlcli, *arguments)
        child.until_printed("\nstep ", times=2)
        child.send(number)
        assert child.wait() == code, child.err.read_text()
        assert f"dlcli resume {folder}" in child.err.read_text()
        ended = json.loads((folder / "run.json").read_text())["ended"]
        assert (ended["reason"], ended["step"]) == (number.name, saved(folder))
        steps.append(ended["step"])
    assert 0 < steps[0] < steps[1]
    reports = [each["step"] for each in records(folder) if each["split"] == "train"]
    assert reports == list(range(5, steps[1] + 1, 5))


# Kills


@pytest.mark.parametrize("times", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_a_run_killed_at_random_times_equals_an_uninterrupted_one(tmp_path, times):
    moments = random.Random(times)
    # More steps than can be made before the last kill.
    options = Train(out=tmp_path / "killed", steps=45 * times, save_every=5, validate_every=10)
    for number in range(times):
        child = Child(tmp_path, begin_or_go_on, options, 0.02)
        if number % 2:  # otherwise most would fall into the start
            child.until_printed("saved")
        time.sleep(moments.uniform(0, 0.4 if number % 2 else 2.0))
        child.send(signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL, child.err.read_text()
    last = Child(tmp_path, begin_or_go_on, options, 0.0)
    list(engine.fit(Learner, options.model_copy(update={"out": tmp_path / "unbroken"})))
    assert last.wait() == 0, last.err.read_text()
    assert_same_run(tmp_path / "unbroken", options.out)
    assert not list(options.out.rglob(".*"))


# Damage


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of 12 steps interrupted at 9: its checkpoints are of 6 and 9, and of the best validation at 8."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    events = engine.fit(Learner, Train(out=folder))
    next(event for event in events if isinstance(event, engine.Saved) and event.step == 9)
    events.close()
    return folder


def test_a_run_resumes_from_the_checkpoint_before_a_corrupt_one(trained, tmp_path):
    whole, damaged = (Path(shutil.copytree(trained, tmp_path / name)) for name in ("whole", "damaged"))
    state = next((damaged / "checkpoints" / "00000009" / "state").rglob("_METADATA"))
    state.write_bytes(state.read_bytes()[:100])
    with pytest.warns(Notice) as notices:
        list(engine.resume(Learner, damaged, {}))
    assert "using the checkpoint of step 8 instead" in str(notices[0].message)
    assert str(notices[1].message).endswith("checkpoints: damaged-00000009")
    list(engine.resume(Learner, whole, {}))
    assert_same_run(whole, damaged)


def test_a_run_without_an_intact_checkpoint_is_an_error(trained, tmp_path):
    folder = Path(shutil.copytree(trained, tmp_path / "run"))
    for checkpoint in (folder / "checkpoints").iterdir():
        (checkpoint / "manifest.json").write_text("{}")
    before = sorted(folder.rglob("*"))
    for attempt in (lambda: engine.load(folder, Learner), lambda: list(engine.resume(Learner, folder, {}))):
        with pytest.raises(RunError, match="no intact checkpoint"):
            attempt()
    assert sorted(folder.rglob("*")) == before


def test_a_run_with_metrics_but_without_checkpoints_is_not_restarted(trained, tmp_path):
    folder = Path(shutil.copytree(trained, tmp_path / "run"))
    shutil.rmtree(folder / "checkpoints")
    with pytest.raises(RunError, match="no intact checkpoint"):
        list(engine.resume(Learner, folder, {}))
    assert records(folder) == records(trained)


# Full disks


def test_a_full_disk_exits_with_code_7(tmp_path):
    folder = tmp_path / "run"
    child = Child(tmp_path, dlcli, *ENDLESS, "--save-every", "10", "--json", "--out", str(folder))
    child.until(lambda: saved(folder) >= 10)
    resource.prlimit(child.process.pid, resource.RLIMIT_FSIZE, (50_000, 50_000))  # bytes in any file from here on
    assert child.wait() == 7, child.err.read_text()
    error = json.loads(child.out.read_text())["error"]
    assert error["kind"] == "disk"
    assert "file too large" in error["message"]
    assert not [path for path in folder.rglob(".*")]
    step = saved(folder)
    list(engine.resume(Cnn, folder, {"steps": step + 3}))
    assert saved(folder) == step + 3


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one megabyte; mounting one needs root."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)], capture_output=True)
    if done.returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(path: Path) -> None:
    """Write until the disk is full."""
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass


@pytest.mark.slow
def test_a_run_ended_by_a_full_disk_can_be_resumed(small_disk, tmp_path):
    folder, filler = small_disk / "run", small_disk / "filler"
    events = engine.fit(Learner, Train(out=folder))
    next(event for event in events if isinstance(event, engine.Saved) and event.step == 3)
    fill(filler)
    with pytest.raises(DiskError, match=r"no space left on device, \d+ \w+ free"):
        list(events)
    assert not [path for path in folder.rglob(".*")]
    filler.unlink()
    list(engine.resume(Learner, folder, {}))
    list(engine.fit(Learner, Train(out=tmp_path / "unbroken")))
    assert_same_run(tmp_path / "unbroken", folder)


def test_too_little_space_for_the_checkpoints_is_an_error_before_training(small_disk):
    with pytest.raises(DiskError, match=r"free at"):
        next(engine.fit(Learner, Train(out=small_disk / "run", features=20_000)))
    assert list(small_disk.iterdir()) == []


# Values that are not finite


def test_divergence_exits_with_code_5(tmp_path):
    options = ["--optimizer", "sgd", "--learning-rate", "1000000", "--json", "--out", str(tmp_path / "run")]
    child = Child(tmp_path, dlcli, *ENDLESS, *options)
    assert child.wait() == 5, child.err.read_text()
    error = json.loads(child.out.read_text())["error"]
    ended = json.loads((tmp_path / "run" / "run.json").read_text())["ended"]
    assert error["kind"] == ended["reason"] == "diverged"
    assert f"at step {ended['step']}; the last finite checkpoint, step 0, is kept" in error["message"]


# Folders from an attacker

ROOM = 3 * 2**30  # bytes of address space that a program may take beyond what it starts with; jax takes one


@pytest.fixture(scope="module")
def forged_run(tmp_path_factory):
    """A run of cnn of two steps, whose files the tests change."""
    folder = tmp_path_factory.mktemp("forged_run") / "run"
    list(engine.fit(Cnn, TrainCnn(out=folder, steps=2, keep=1, **TINY_CNN)))
    return folder


def put(name, **values):
    """Return a function that changes values in a JSON file of a run folder."""

    def change(folder):
        found = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps({**found, **values}))

    return change


def write(name, content):
    return lambda folder: (folder / name).write_bytes(content)


def grow(name):
    return lambda folder: os.truncate(folder / name, 10**12)


def link(name):
    def change(folder):
        path = folder / name
        path.rename(folder.parent / "elsewhere")
        path.symlink_to(folder.parent / "elsewhere")

    return change


def manifest(change):
    def apply(folder):
        for checkpoint in (folder / "checkpoints").iterdir():
            seal(checkpoint, change)

    return apply


def claim_huge(folder):
    """Declare 6 GB of weights in options and manifest that no file contains."""
    put("options.json", hidden=65536, channels=256)(folder)
    wide = {"head/hidden/kernel": [[2048, 65536], "float32"], "head/hidden/bias": [[65536], "float32"]}
    manifest(lambda found: found["arrays"].update({f"network/{name}": shape for name, shape in wide.items()}))(folder)


HOSTILE = {
    "weights larger than memory": put("options.json", channels=4096, stages=6, hidden=65536),
    "images of sixteen million pixels": put("facts.json", image=[4096, 4096, 1]),
    "images without end": put("facts.json", image=[10**12, 10**12, 1]),
    "weights that no file contains": claim_huge,
    "other shapes": put("options.json", channels=3),
    "arrays of other shapes": manifest(
        lambda found: found["arrays"].update({"network/head/hidden/bias": [[9], "float32"]})
    ),
    "arrays without end": manifest(lambda found: found["arrays"].update({"optimizer/step": [[10**12], "uint32"]})),
    "arrays of objects": manifest(lambda found: found["arrays"].update({"optimizer/step": [[], "object"]})),
    "a file above the folder": manifest(lambda found: found["files"].update({"../../x": {"size": 1, "sha256": ""}})),
    "a file of the system": manifest(lambda found: found["files"].update({"/etc/passwd": {"size": 1, "sha256": ""}})),
    "a technique above the package": put("run.json", technique="../../cnn"),
    "a technique of another package": put("run.json", technique="os.path"),
    "a technique that is no text": put("run.json", technique=["cnn"]),
    "deeply nested options": write("options.json", b'{"steps": ' * 100_000),
    "deeply nested facts": write("facts.json", b"[" * 1_000_000),
    "bytes that are no text": write("facts.json", b"\xff\xfe{\x00"),
    "giant options": grow("options.json"),
    "giant facts": grow("facts.json"),
    "a giant run.json": grow("run.json"),
    "options behind a link": link("options.json"),
    "checkpoints behind a link": link("checkpoints"),
    "a checkpoint behind a link": link("checkpoints/00000002"),
}


def open_all(folders: list[Path], image: Path) -> None:
    """Evaluate, apply and resume each run in little memory, and print how each ended; run by `Child`."""
    taken = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + ROOM, size + ROOM))
    for folder in folders:
        for arguments in (
            ["eval", str(folder)],
            ["predict", "cnn", "--run", str(folder), str(image)],
            ["resume", str(folder)],
        ):
            try:
                dlcli(*arguments, "--json")
            except SystemExit as end:
                print(json.dumps({"name": folder.name, "verb": arguments[0], "code": end.code}), flush=True)
    print(json.dumps({"taken": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - taken) * 1024}))


def test_a_malicious_run_folder_exits_with_code_4(forged_run, tmp_path):
    for name, change in HOSTILE.items():
        folder = Path(shutil.copytree(forged_run, tmp_path / "runs" / name / name))
        change(folder)
    image = tmp_path / "image.png"
    image.write_bytes(b"never read")
    folders = [tmp_path / "runs" / name / name for name in HOSTILE]
    before = {path: path.lstat().st_mtime_ns for folder in folders for path in folder.parent.rglob("*")}
    child = Child(tmp_path, open_all, folders, image)
    assert child.wait() == 0, child.err.read_text()
    lines = [json.loads(line) for line in child.out.read_text().splitlines()]
    ends = {(line["name"], line["verb"]): line["code"] for line in lines if "name" in line}
    assert ends == {(name, verb): 4 for name in HOSTILE for verb in ("eval", "predict", "resume")}
    assert lines[-1]["taken"] < 2**30
    assert {path: path.lstat().st_mtime_ns for folder in folders for path in folder.parent.rglob("*")} == before


def test_the_unchanged_folder_loads(forged_run):
    assert engine.load(forged_run, Cnn).network.head.logits.bias[...].shape == (10,)
    assert arrays(forged_run)


def test_the_package_never_executes_the_content_of_files():
    forbidden = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "jsonpickle", "cPickle"}
    found = []
    for path in Path(package.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                names = [node.func.id] if node.func.id in ("eval", "exec", "compile", "__import__") else []
            elif isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                names = [] if isinstance(node.value, ast.Constant) and node.value.value is False else ["allow_pickle"]
            risky = {"eval", "exec", "compile", "__import__", "allow_pickle"}
            found += [(path.name, name) for name in names if name.split(".")[0] in forbidden or name in risky]
    assert found == []
