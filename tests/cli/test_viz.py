"""`dlcli viz`: runs, files, streams."""

import json
import os
import shutil

import pytest


@pytest.fixture
def runs(cnn_run, tmp_path):
    """The folder `runs` with two copies of a run, `two` started after `one`."""
    for number, name in enumerate(("one", "two")):
        shutil.copytree(cnn_run, tmp_path / "runs" / name)
        os.utime(tmp_path / "runs" / name / "options.json", (number, number))
    return tmp_path / "runs"


def test_the_latest_run_is_drawn_into_its_folder(dlcli, runs):
    code, out, _ = dlcli("viz", "learning-curves")
    path = runs / "two" / "figures" / "learning-curves.png"
    assert code == 0
    assert path.stat().st_size > 0
    assert out.splitlines()[-1] == str(path.relative_to(runs.parent))


def test_drawing_a_run_does_not_make_it_the_latest(dlcli, runs):
    assert dlcli("viz", "learning-curves", "--run", "one", "--no-show")[1] == "runs/one/figures/learning-curves.png\n"
    assert dlcli("viz", "learning-curves", "--no-show")[1] == "runs/two/figures/learning-curves.png\n"


def test_several_runs_are_drawn_into_this_folder(dlcli, runs):
    code, out, _ = dlcli("viz", "learning-curves", "--run", "one", "--run", "two", "--json")
    found = json.loads(out)
    assert (code, found["file"]) == (0, "learning-curves.png")
    assert [each["run"] for each in found["runs"]] == ["runs/one", "runs/two"]


def test_a_figure_without_a_run_goes_into_this_folder(dlcli, tmp_path):
    code, out, _ = dlcli("viz", "schedule", "--steps", 50, "--no-show")
    assert (code, out) == (0, "schedule.png\n")
    assert (tmp_path / "schedule.png").exists()


def test_the_ending_of_the_file_is_its_format(dlcli, tmp_path):
    assert dlcli("viz", "schedule", "--steps", 50, "--out", "rates.svg")[0] == 0
    assert "<svg" in (tmp_path / "rates.svg").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["schedule", "--out", "x.bmp"], 2, "file extension must be one of .png, .svg, .pdf"),
        (["schedule", "--schedule", "cosin"], 2, "did you mean 'cosine'?"),
        (["confusion", "--run", "nowhere"], 4, "found none for 'nowhere'"),
        (["confusion"], 4, "found none"),
        (["saliency", "--image", "a.png", "--index", "1"], 2, "--image conflicts with --index"),
        (["optimizer-surface", "--surface", "rosenbrok"], 2, "did you mean 'rosenbrock'"),
        (["receptive-field", "--arch", "resnet", "--depth", "9"], 2, "--depth should be 8, 18, 20"),
        (["receptive-field", "--depth", "8"], 2, "--depth 8 needs --arch resnet"),
    ],
)
def test_a_figure_that_cannot_be_drawn_is_one_clear_error(dlcli, arguments, code, message):
    found, out, err = dlcli("viz", *arguments)
    assert (found, out) == (code, "")
    assert message in err.replace("\n", " ")


def test_with_json_an_error_is_one_object(dlcli):
    code, out, _ = dlcli("viz", "confusion", "--run", "nowhere", "--json")
    assert code == 4
    assert json.loads(out)["error"]["kind"] == "run"


def test_a_tall_picture_has_at_most_two_screens_without_full(dlcli):
    _, out, _ = dlcli("viz", "augmentation")
    *short, name = out.splitlines()
    assert name == "augmentation.png"
    assert len(short) <= 48
    assert "--full shows all" in " ".join(short)
    _, out, _ = dlcli("viz", "augmentation", "--full")
    assert len(out.splitlines()) > 48
    assert "--full" not in out


@pytest.mark.parametrize("arguments", [("viz", "schedule"), ("sample", "gan"), ("sample", "diffusion")])
def test_full_without_a_rendering_is_refused(dlcli, arguments):
    code, out, err = dlcli(*arguments, "--full", "--no-show")
    assert (code, out) == (2, "")
    assert "--no-show" in err
