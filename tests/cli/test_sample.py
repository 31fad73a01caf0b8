"""`dlcli sample` as its user meets it: which file, which stream, which errors."""

import json
import sys

import pytest
from PIL import Image

from dlcli.cli.app import main


@pytest.fixture
def dlcli(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["dlcli", "sample", "gan", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, *capsys.readouterr()

    return run


def test_a_picture_is_saved_here_and_sketched_above_its_name(dlcli, gan_run, tmp_path):
    code, out, _ = dlcli("--run", gan_run, "--count", 20)
    assert code == 0
    assert out.splitlines()[-1] == "sample.png"
    assert "16 of 20 shown here" in out
    assert max(map(len, out.splitlines())) <= 80
    with Image.open(tmp_path / "sample.png") as picture:
        assert picture.format == "PNG"


def test_json_names_file_count_seed_and_captions(dlcli, gan_run, tmp_path):
    code, out, _ = dlcli("--run", gan_run, "--count", 3, "--seed", 5, "--class", 7, "--out", "sevens.svg", "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["file"], found["count"], found["seed"]) == ("sevens.svg", 3, 5)
    assert found["captions"] == ["7", "7", "7"]
    assert (tmp_path / "sevens.svg").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--class", "ten"], "--class must be one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, got 'ten'"),
        (["--count", "0"], "--count should be greater than or equal to 1, got '0'"),
        (["--out", "samples.txt"], "must end in one of .png, .svg, .pdf"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_line(dlcli, gan_run, tmp_path, arguments, message):
    code, out, err = dlcli("--run", gan_run, *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())
