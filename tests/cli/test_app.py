"""The command line: grammar, streams, exit codes."""

import json
import math
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import jax
import pytest

ROOT = Path(__file__).parents[2]


def test_no_arguments_show_the_verbs(dlcli):
    code, out, _ = dlcli()
    assert code in (0, 2)
    assert "train" in out


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize(
    "command", [[], ["train"], ["train", "cnn"], ["viz"], ["eval"], ["resume"], ["data"], ["runs"]]
)
def test_help_is_everywhere(dlcli, command, flag):
    code, out, err = dlcli(*command, flag)
    assert (code, err) == (0, "")
    assert "Usage" in out


def test_version_is_one_line(dlcli):
    code, out, _ = dlcli("--version")
    assert code == 0
    assert out.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "nearest"),
    [
        (["trian"], "train"),
        (["train", "cn"], "cnn"),
        (["train", "cnn", "--lerning-rate", "1"], "--learning-rate"),
        (["train", "cnn", "--optimizer", "adm"], "adam"),
        (["viz", "confusoin"], "confusion"),
        (["train", "cnn", "--dataset", "digist"], "digits"),
        (["resume", "cnn", "--stepz", "3"], "--steps"),
    ],
)
def test_an_unknown_name_is_a_usage_error_with_a_suggestion(dlcli, arguments, nearest):
    code, out, err = dlcli(*arguments)
    assert (code, out) == (2, "")
    assert nearest in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("flag", "value"),
    [("--batch-size", "0"), ("--learning-rate", "nan"), ("--dropout", "1"), ("--steps", "two"), ("--augment", "rotat")],
)
def test_a_value_out_of_bounds_names_the_flag_and_the_value(dlcli, flag, value):
    code, _, err = dlcli("train", "cnn", flag, value)
    assert code == 2
    assert flag in err
    assert value in err


def test_steps_and_epochs_together_are_refused(dlcli):
    code, _, err = dlcli("train", "cnn", "--steps", 3, "--epochs", 2)
    assert code == 2
    assert "--steps or --epochs" in err


def test_an_error_is_one_json_object_with_json(dlcli):
    code, out, _ = dlcli("eval", "nothing-here", "--json")
    found = json.loads(out)["error"]
    assert code == 4
    assert found["kind"] == "run"
    assert "nothing-here" in found["message"]
    assert found["hint"]


def test_flags_override_a_config_file(dlcli, tmp_path):
    (tmp_path / "c.toml").write_text("batch-size = 7\nseed = 3\n")
    code, out, _ = dlcli("train", "cnn", "--config", "c.toml", "--seed", 5, "--plan", "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["options"]["batch_size"], found["options"]["seed"]) == (7, 5)
    assert (found["origins"]["batch_size"], found["origins"]["seed"], found["origins"]["l1"]) == (
        "file",
        "flag",
        "default",
    )


def test_an_unknown_config_key_has_a_suggestion(dlcli, tmp_path):
    (tmp_path / "c.json").write_text('{"batch_sise": 7}')
    code, _, err = dlcli("train", "cnn", "--config", "c.json")
    assert code == 2
    assert "batch_size" in err


def test_a_plan_trains_nothing(dlcli, tmp_path):
    code, out, _ = dlcli("train", "cnn", "--plan", "--json")
    assert code == 0
    found = json.loads(out)
    assert found["parameters"] == sum(each["parameters"] for each in found["layers"] if "/" not in each["path"]) > 1000
    assert found["chosen"]["pool"] == {"value": "max", "by": "--arch small"}
    assert not (tmp_path / "runs").exists()


def test_a_plan_converts_epochs_to_steps(dlcli):
    _, out, _ = dlcli("train", "cnn", "--plan", "--epochs", 2, "--batch-size", 100, "--json")
    found = json.loads(out)
    assert found["options"]["steps"] == math.ceil(2 * found["sizes"]["train"] / 100)
    assert found["origins"]["steps"] == "--epochs 2, flag"


def test_text_in_brackets_is_not_markup(dlcli, tmp_path):
    (tmp_path / "[b]").mkdir()
    shutil.copy(Path(__file__).parents[1] / "questions.tsv", tmp_path / "[b]")
    code, out, _ = dlcli("train", "tokenizer", "--dataset", "[b]/questions.tsv", "--plan")
    assert code == 0
    assert "[b]/questions.tsv" in out


def test_training_prints_one_json_object(dlcli):
    code, out, err = dlcli("train", "cnn", "--steps", 4, "--validate-every", 2, "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["step"], found["reason"]) == (4, "steps")
    assert Path(found["run"]).is_dir()
    assert "digits" in err


def test_a_folder_in_use_is_refused(dlcli, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    code, _, err = dlcli("train", "cnn", "--out", "mine", "--steps", 1)
    assert code == 2
    assert "another --out" in err
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


@pytest.mark.slow
def test_help_takes_at_most_half_a_second_warm():
    seconds = []  # of processor time, which other work on the machine does not change much
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "dlcli", "--help"], cwd=ROOT, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    assert min(seconds) < 0.5


def test_a_closed_pipe_is_not_an_error():
    command = f"{sys.executable} -m dlcli train cnn --help | head -1"
    found = subprocess.run(
        f"set -o pipefail; {command}",
        shell=True,
        executable="/bin/bash",
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": "."},
    )
    assert (found.returncode, found.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_full_disk_under_a_stream_exits_with_7(stream):
    arguments = ["data", "list"] if stream == "stdout" else ["trian"]
    other = {"stdout": "stderr", "stderr": "stdout"}[stream]
    with Path("/dev/full").open("w") as full:
        pipes = {stream: full, other: subprocess.PIPE}
        done = subprocess.run([sys.executable, "-m", "dlcli", *arguments], cwd=ROOT, text=True, **pipes)
    assert done.returncode == 7
    assert "Traceback" not in getattr(done, other)


def test_a_corrupt_run_does_not_hide_the_others(dlcli, cnn_run, tmp_path, recwarn):
    for name in ("good", "corrupt"):
        shutil.copytree(cnn_run, tmp_path / "runs" / name)
    (tmp_path / "runs" / "corrupt" / "run.json").write_text("{")
    code, out, _ = dlcli("runs", "list", "--json")
    assert code == 0
    assert [run["run"] for run in json.loads(out)["runs"]] == ["good"]


@pytest.mark.parametrize(("name", "value", "code"), [("JAX_PLATFORMS", "cuda", 6), ("DLCLI_CPU_DEVICES", "two", 2)])
def test_a_wrong_variable_of_the_environment_is_one_clear_line(tmp_path, name, value, code):
    if value == "cuda" and jax.default_backend() == "gpu":
        pytest.skip("the machine has this device")
    command = [sys.executable, "-m", "dlcli", "train", "cnn", "--json", "--out", str(tmp_path / "run")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), name: value}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == code
    message = json.loads(done.stdout)["error"]["message"]
    assert name in message
    assert value in message
