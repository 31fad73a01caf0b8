import os
import subprocess
import sys

import pytest

from dlcli.errors import RunError
from dlcli.runs import lookup
from dlcli.runs.folder import technique_of
from dlcli.runs.writer import RunWriter
from tests.linear import LineFacts, Train


@pytest.fixture
def several(monkeypatch, tmp_path):
    monkeypatch.setenv("DLCLI_RUNS", str(tmp_path / "runs"))
    for number, technique in enumerate(("cnn", "tests", "cnn")):
        with RunWriter(tmp_path / "runs" / f"{technique}-{number}") as run:
            run.create(Train(), LineFacts(features=3), {"technique": technique})
        os.utime(run.folder / "options.json", (number, number))
    return tmp_path / "runs"


@pytest.mark.parametrize("name", ["../cnn", "cnn/../../x", "os.path", "", ".", "a b", None, ["cnn"], "cnn\0"])
def test_an_invalid_name_of_a_technique_is_refused(several, name):
    run = RunWriter(several / "cnn-0")
    run.update_info(technique=name)
    with pytest.raises(RunError, match="must name the technique"):
        technique_of(run.folder)


def test_a_run_is_found_by_path_name_or_technique(several):
    assert lookup.find(str(several / "cnn-0")) == several / "cnn-0"
    assert lookup.find("cnn-0") == several / "cnn-0"
    assert lookup.find("cnn") == lookup.find("", "cnn") == several / "cnn-2"
    assert lookup.find("") == several / "cnn-2"


def test_runs_are_listed_in_the_order_of_their_training(several):
    os.utime(several / "cnn-0" / "options.json", (9, 9))
    assert [folder.name for folder in lookup.list_runs()] == ["tests-1", "cnn-2", "cnn-0"]
    assert lookup.find("cnn") == several / "cnn-0"


def test_a_run_of_another_technique_is_refused_by_name(several):
    with pytest.raises(RunError, match="tests-1 is a run of tests; this needs a run of cnn"):
        lookup.find("tests-1", "cnn")


def test_the_error_for_an_unknown_run_lists_the_latest_runs(several):
    with pytest.raises(RunError, match="'gan'") as raised:
        lookup.find("gan")
    assert "tests-1" in raised.value.hint


def test_a_corrupt_folder_does_not_hide_other_runs(several):
    (several / "cnn-2" / "run.json").unlink()
    (several / "empty").mkdir()
    assert lookup.find("cnn") == several / "cnn-0"
    assert len(lookup.list_runs()) == 3


def test_without_runs_the_hint_is_to_train_the_required_technique(tmp_path, monkeypatch):
    monkeypatch.setenv("DLCLI_RUNS", str(tmp_path))
    with pytest.raises(RunError) as found:
        lookup.find("", "diffusion")
    assert found.value.hint == "train one first: dlcli train diffusion"


def test_without_runs_and_technique_the_hint_is_the_list_of_techniques(tmp_path, monkeypatch):
    monkeypatch.setenv("DLCLI_RUNS", str(tmp_path))
    with pytest.raises(RunError) as found:
        lookup.find("nowhere")
    assert found.value.hint == (f"there is no run under {tmp_path} yet; dlcli train --help lists what can be trained")


def test_the_error_for_an_unknown_run_lists_runs_of_the_required_technique_only(several):
    with pytest.raises(RunError) as found:
        lookup.find("nowhere", "cnn")
    assert found.value.hint.endswith("the latest of cnn are cnn-0, cnn-2")


@pytest.mark.parametrize("words", [["list"], ["show", "cnn"], ["compare", "cnn-0", "cnn-2"]])
def test_the_runs_commands_load_no_jax(several, words):
    code = (
        f"import sys; sys.argv = ['dlcli', 'runs', *{words}]\n"
        "from dlcli.cli.app import main\n"
        "try: main()\n"
        "finally: print([name for name in ('jax', 'flax', 'orbax') if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr.strip()) == (0, "[]")
    assert "cnn-2" in done.stdout
