"""The standard streams: closed, full, in another locale, and with text that contains control sequences."""

import ast
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.text import Text

from dlcli.artifacts import Likelihood, Prediction, Table, TextChunk
from dlcli.cli import console, output, sample, score
from dlcli.cli.typer_options import Call

ROOT = Path(__file__).parents[2]
HOSTILE = "a\x1b[31m\x1b]0;t\x07\x9b1m\r\u202e\u2028\udce9z"
SEEN = r"a\x1b[31m\x1b]0;t\x07\x9b1m\x0d\u202e\u2028\xe9z"
PLAIN, JSON = Call({}, {}), Call({}, {}, json=True)


def shell(command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "DLCLI": f"{sys.executable} -m dlcli", **environment}
    return subprocess.run(["bash", "-c", command], cwd=folder, env=variables, capture_output=True, timeout=120)


def stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


@pytest.mark.parametrize(
    "show",
    [
        lambda: output.write(Table(HOSTILE, [HOSTILE], [(HOSTILE,)], {}), PLAIN),
        lambda: output.print_predictions([Prediction(HOSTILE, [(HOSTILE, 0.5)])]),
        lambda: output.sketch(lambda width, colour, most=None: [HOSTILE]),
        lambda: sample.stream([TextChunk(0, HOSTILE, prompt=True), TextChunk(0, HOSTILE)]),
        lambda: list(score.show([Likelihood(HOSTILE, [HOSTILE], [-1.0], -1.0, after=HOSTILE)], PLAIN)),
        lambda: console.err().print(f"[red]{console.plain(HOSTILE)}[/]"),
        lambda: console.err().print(Text(HOSTILE)),
        lambda: console.err().rule(Text(HOSTILE)),
        lambda: console.write(HOSTILE),
    ],
)
def test_no_text_steers_the_terminal(capsys, monkeypatch, show):
    monkeypatch.setenv("NO_COLOR", "1")
    show()
    captured = capsys.readouterr()
    shown = captured.out + captured.err
    assert not [c for c in shown if not c.isprintable() and c != "\n"]
    assert shown.strip()


def test_control_characters_are_printed_as_escapes():
    assert console.visible(HOSTILE) == SEEN
    assert console.visible("tab\tend\r\n") == "tab\tend\n"
    assert console.plain("[b]\nc") == r"\[b]\nc"


def test_json_has_only_printable_unicode(capsys):
    console.print_json({HOSTILE: [HOSTILE]})
    [line] = capsys.readouterr().out.splitlines()
    assert line.isprintable()
    [(name, [value])] = json.loads(line).items()
    assert name == value == HOSTILE.replace("\udce9", "\ufffd")


def test_only_the_console_writes_to_the_streams():
    wrong = []
    for path in (ROOT / "dlcli").rglob("*.py"):
        if path.parts[-2:] in [
            ("dlcli", "api.py"),
            ("dlcli", "tuned.py"),
            ("cli", "console.py"),
            ("cli", "streams.py"),
            ("cli", "app.py"),
        ]:
            continue
        if path.parts[-2:] == ("tuning", "worker.py"):  # a program of its own, whose output another process reads
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                wrong.append((path, node.lineno))
            if isinstance(node, ast.Attribute) and node.attr == "write" and ast.unparse(node.value).startswith("sys."):
                wrong.append((path, node.lineno))
    assert not wrong


def test_a_line_that_is_not_utf8_is_answered_in_its_place_whatever_the_locale(tokenizer_run, tmp_path):
    (tmp_path / "in.txt").write_bytes(b"\xef\xbb\xbfthe cat\ncaf\xe9\nthe mat\n")
    command = f"$DLCLI predict tokenizer - --run {tokenizer_run} --json < in.txt"
    for locale in ({"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}):
        done = shell(command, tmp_path, **locale)
        found = [json.loads(line) for line in done.stdout.decode().splitlines()]
        assert [each["input"] for each in found[::2]] == ["the cat", "the mat"]
        assert ["error" in each for each in found] == [False, True, False]
        assert done.returncode == 3


def test_standard_input_is_bounded(monkeypatch, dlcli, tokenizer_run):
    monkeypatch.setattr("dlcli.cli.streams._MAX_BYTES", 100)
    stdin(monkeypatch, b"a" * 101)
    code, _, err = dlcli("predict", "tokenizer", "-", "--run", tokenizer_run)
    assert code == 3
    assert "standard input must be at most" in err


@pytest.mark.parametrize(
    ("redirection", "command", "code"),
    [
        ("<&-", "predict tokenizer -", 3),
        (">&-", "data list", 7),
        (">&-", "data list --json", 7),
        (">&-", "--help", 7),
        (">/dev/full", "--version", 7),
        ("2>&-", "data list", 0),
        ("2>&-", "trian", 2),
        ("<&- >&- 2>&-", "data list", 7),
    ],
)
def test_a_closed_stream_ends_the_program_as_a_full_disk_does(tokenizer_run, tmp_path, redirection, command, code):
    command = command.replace("tokenizer -", f"tokenizer - --run {tokenizer_run}")
    done = shell(f"$DLCLI {command} {redirection}", tmp_path)
    assert done.returncode == code
    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr


@pytest.mark.parametrize(
    ("command", "code"),
    [(["trian"], 2), (["data", "list", "--json"], 0), (["data", "show", "nowhere"], 2)],
)
def test_a_closed_standard_error_does_not_change_the_exit_code(tmp_path, command, code):
    read, write = os.pipe()
    os.close(read)
    started = [sys.executable, "-m", "dlcli", *command]
    done = subprocess.run(started, cwd=ROOT, stderr=write, stdout=subprocess.PIPE, timeout=120)
    os.close(write)
    assert done.returncode == code
    assert bool(done.stdout) == (code == 0)


def test_a_closed_standard_error_does_not_stop_training(tmp_path):
    small = "--steps 4 --channels 2 --batch-size 16 --report-every 1 --validate-every 2"
    done = shell(f"$DLCLI train cnn {small} --out run --json 2> >(true)", tmp_path)
    assert done.returncode == 0
    assert json.loads(done.stdout)["step"] == 4


def test_a_file_never_takes_the_number_of_a_closed_stream(tmp_path):
    code = "import os; from dlcli.cli import streams; streams.prepare(); os._exit(os.open('f', os.O_CREAT))"
    assert shell(f'{sys.executable} -c "{code}" <&- >&- 2>&-', tmp_path).returncode > 2


def test_output_is_utf8_in_every_locale(tmp_path):
    done = shell("$DLCLI data show 'caf\N{LATIN SMALL LETTER E WITH ACUTE}'", tmp_path, PYTHONIOENCODING="ascii")
    assert "café".encode() in done.stderr
    assert done.returncode == 2


def test_debug_shows_the_traceback(dlcli):
    code, out, err = dlcli("eval", "nothing-here", "--debug", "--json")
    assert code == 4
    assert "Traceback" in err
    assert json.loads(out)["error"]["kind"] == "run"


def test_a_name_with_unseen_characters_is_not_cut(capsys):
    output.print_predictions([Prediction("caf\udce9.png", [("\x1b[1m", 0.5)])])
    assert capsys.readouterr().out.splitlines()[-1].split()[:2] == [r"caf\xe9.png", r"\x1b[1m"]


def test_only_the_closed_loop_messages_of_tensorstore_are_dropped(capsys, monkeypatch):
    class Fails:
        def __init__(self, message):
            self.message = message

        def __del__(self):
            raise RuntimeError(self.message)

    monkeypatch.setattr(sys, "unraisablehook", sys.__unraisablehook__)
    console.show_messages()
    for message in ("Event loop is closed", "something else"):
        Fails(message)
    err = capsys.readouterr().err
    assert "something else" in err
    assert "Event loop" not in err
