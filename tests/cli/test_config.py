"""Invalid `--config` files, paths and environment variables: one clear line each."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from dlcli import paths
from dlcli.errors import DiskError

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("c.json", "[" * 100_000, "nested too deeply"),
        ("c.toml", "x = " + "[" * 100_000, "nested too deeply"),
        ("c.json", '{"steps": 1, "steps": 2}', "'steps' appears twice"),
        ("c.toml", "batch-size = 1\nbatch_size = 2", "'batch_size' twice"),
        ("c.toml", "steps = true", "steps = true, which is neither a number nor text"),
        ("c.toml", 'steps = "ten"', "--steps should be a valid integer"),
        ("c.toml", "[steps]\na = 1", "--steps"),
        ("c.json", '{"dataset": 5}', "--dataset should be a valid string, got 5"),
        ("c.json", '{"dataset": "a\\u0000b"}', "--dataset must not contain the character NUL"),
        ("c.json", '{"steps": 1e999}', "--steps"),
        ("c.json", '{"steps": ' + "9" * 5000 + "}", "c.json cannot be read"),
        ("c.json", "[1]", "must have names with values"),
        ("c.json", b'{"dataset": "caf\xe9"}', "c.json cannot be read"),
        ("c.json", b" " * (2**20 + 1), "at most 1 MiB"),
        ("c.json", '{"dataset": ' + str(["x" * 100_000]).replace("'", '"') + "}", "--dataset"),
    ],
)
def test_a_config_file_that_cannot_be_is_one_line(dlcli, tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    code, out, err = dlcli("train", "cnn", "--config", name)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert len(err) < 1000


def test_a_config_file_may_begin_with_a_byte_order_mark(dlcli, tmp_path):
    (tmp_path / "c.toml").write_bytes(b"\xef\xbb\xbfsteps = 0\n")
    assert "--steps should be greater" in dlcli("train", "cnn", "--config", "c.toml")[2]


def test_a_config_file_must_be_a_regular_file(dlcli, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "gone").symlink_to("nowhere")
    for name, code in [("pipe", 2), (".", 2), ("/dev/zero", 2), ("loop", 2), ("gone", 2), ("a" * 300, 2), ("x/y", 2)]:
        found, _, err = dlcli("train", "cnn", "--config", name)
        assert (found, err.count("\n")) == (code, 1)
        assert "--config" in err


PATHS = [
    "/dev/zero",
    "/dev/null",
    "/proc/self/mem",
    "/proc/1/cwd/x",
    "loop",
    "gone",
    "a" * 300,
    "pipe",
]


@pytest.mark.parametrize("path", PATHS)
def test_no_path_makes_a_fault(dlcli, tmp_path, path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "gone").symlink_to("nowhere")
    for arguments in (
        ["train", "cnn", "--steps", 1, "--out", path],
        ["train", "cnn", "--dataset", path],
        ["train", "cnn", "--dataset", f"folder:{path}"],
        ["train", "cnn", "--backbone-from", path],
        ["train", "tokenizer", "--dataset", path],
        ["train", "tokenizer", "--dataset", f"{path}.tsv"],
        ["train", "rnn", "--dataset", ROOT / "tests" / "questions.tsv", "--tokenizer", path],
        ["train", "rnn", "--dataset", f"{path}/x.txt"],
        ["eval", path],
        ["resume", path],
        ["runs", "show", path],
        ["runs", "compare", path, path],
        ["data", "show", path],
        ["data", "check", f"folder:{path}"],
        ["viz", "schedule", "--run", path],
        ["viz", "schedule", "--out", f"{path}/a.png"],
        ["study", "optimizers", "--out", path, "--dataset", "nothing"],
    ):
        code, _, err = dlcli(*arguments)
        assert code in (2, 3, 4, 6, 7), arguments
        assert "error:" in err


def test_the_home_of_an_unknown_user_is_an_ordinary_path(dlcli):
    for arguments in (["train", "cnn", "--dataset", "folder:~nobody-here/x"], ["data", "show", "~nobody-here/x.txt"]):
        code, _, err = dlcli(*arguments)
        assert code in (2, 3)
        assert "~nobody-here/x" in err


def test_the_cache_falls_back_to_a_writable_folder(monkeypatch, tmp_path):
    for name in ("DLCLI_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert paths.cache_folder("data") == tmp_path / "home" / ".cache" / "dlcli" / "data"
    (tmp_path / "home").touch()
    found = paths.cache_folder("data")
    assert found == tmp_path / f"dlcli-{os.getuid()}" / "data"
    assert stat.S_IMODE(found.parent.stat().st_mode) == 0o700


def test_the_cache_is_not_shared_with_who_made_its_folder_first(monkeypatch, tmp_path):
    monkeypatch.delenv("DLCLI_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/x")
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    (tmp_path / f"dlcli-{os.getuid()}").symlink_to(tmp_path)
    with pytest.raises(DiskError, match="must belong to the user"):
        paths.cache_folder()


def test_a_home_that_cannot_be_determined_stays_a_tilde(monkeypatch):
    assert paths.expand_user("~nobody-here/x") == Path("~nobody-here/x")
    assert not paths.is_creatable(Path("~nobody-here/x"))


def test_an_absurd_number_of_devices_is_refused(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DLCLI_CPU_DEVICES": "1000000"}
    done = subprocess.run([sys.executable, "-m", "dlcli", "doctor"], cwd=tmp_path, env=environment, capture_output=True)
    assert done.returncode == 2
    assert b"from 1 to 256, got '1000000'" in done.stderr
