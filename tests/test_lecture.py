"""The lecture: every line of the course stands on the page with its picture and its commands."""

import importlib.util
import re
import subprocess
from pathlib import Path

import pytest

from dlcli import figures

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "recipes" / "lecture.sh"
PNG = b"\x89PNG stands for a picture"


@pytest.fixture(scope="module")
def lecture():
    spec = importlib.util.spec_from_file_location("lecture", ROOT / "recipes" / "lecture.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def drawn(tmp_path):
    """A folder with a file for each picture of the script."""
    for name in re.findall(r'--out "\$out/([^"]*)"', SCRIPT.read_text()):
        path = tmp_path / name if "." in name else tmp_path / name / "study.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(PNG)
    (tmp_path / "checks.txt").write_text("all hold")
    return tmp_path


def test_each_section_has_sentences_pictures_and_commands(lecture, drawn):
    for section in lecture.sections(SCRIPT.read_text(), drawn):
        kinds = [type(part).__name__ for part in section.parts]
        assert kinds[0] == "Paragraph"
        assert kinds.count("Paragraph") == kinds.count("Picture") + (section.title == "The statements, checked")
        assert all(part.text for part in section.parts if type(part).__name__ != "Picture")


def test_every_picture_of_the_script_is_on_the_page(lecture, drawn):
    pages = lecture.sections(SCRIPT.read_text(), drawn)
    shown = sum(type(part).__name__ == "Picture" for section in pages for part in section.parts)
    assert shown == len(re.findall(r'--out "\$out/', SCRIPT.read_text()))


def test_a_missing_picture_is_an_error(lecture, drawn):
    (drawn / "convolution.gif").unlink()
    with pytest.raises(FileNotFoundError):
        lecture.sections(SCRIPT.read_text(), drawn)


def test_the_commands_on_the_page_name_runs_and_not_files(lecture, drawn):
    page = "".join(section.html() for section in lecture.sections(SCRIPT.read_text(), drawn))
    assert "dlcli viz filters --run course-cnn" in page
    assert "$out" not in page
    assert "--no-show" not in page


def test_the_script_skips_a_picture_that_is_there(tmp_path):
    function = re.search(r"^dlcli\(\) \{.*?^\}", SCRIPT.read_text(), re.MULTILINE | re.DOTALL)[0]
    (tmp_path / "there.png").touch()
    (tmp_path / "dlcli").write_text('#!/bin/sh\necho "called $*"\n')
    (tmp_path / "dlcli").chmod(0o755)
    lines = 'dlcli viz a --out "$out/there.png"\ndlcli viz b --out "$out/new.png"\ndlcli train c\n'
    script = f"set -eu\nout={tmp_path}\nPATH={tmp_path}:$PATH\n{function}\n{lines}"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert [line.split()[2] for line in done.stdout.splitlines()] == ["b", "c"]


def test_the_lecture_draws_only_figures_that_exist():
    drawn = set(re.findall(r"^dlcli viz (\S+)", SCRIPT.read_text(), re.MULTILINE))
    assert drawn <= set(figures.catalogue())
    assert len(drawn) > 25
