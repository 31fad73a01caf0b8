"""Commands on folders of images of several sizes, with stray files."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

SMALL = ("--steps", 2, "--batch-size", 8, "--channels", 2)


def painted(path, shade, size=(8, 8), **saving):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(shade).integers(0, 60, [*size, 3], dtype=np.uint8)
    pixels[..., shade % 2] += 150
    Image.fromarray(pixels).save(path, **saving)


@pytest.fixture(scope="module")
def pets(tmp_path_factory):
    """A folder of two classes in several sizes, with files that are no images."""
    folder = tmp_path_factory.mktemp("data") / "pets"
    for number in range(40):
        ending, kind = [("jfif", "JPEG"), ("PNG", "PNG"), ("tmp", "PNG"), ("webp", "WEBP")][number % 4]
        size = (14, 12) if number % 3 else (30, 10)
        painted(folder / ("cat" if number % 2 else "dog") / f"{number}.{ending}", number, size, format=kind)
    (folder / "readme.txt").write_text("pets")
    (folder / "cat" / "labels.csv").write_text("x")
    (folder / "cat" / "._1.png").write_text("x")
    return folder


@pytest.fixture(scope="module")
def run(pets, tmp_path_factory):
    """A classifier of the pets, and the output of training."""
    import contextlib
    import io
    import sys

    from dlcli.cli.app import main

    out, said = tmp_path_factory.mktemp("runs") / "pets", io.StringIO()
    argv, sys.argv = sys.argv, ["dlcli", "train", "cnn", "-d", f"folder:{pets}", *map(str, SMALL), "--out", str(out)]
    try:
        with (
            contextlib.redirect_stderr(said),
            contextlib.redirect_stdout(io.StringIO()),
            pytest.raises(SystemExit) as e,
        ):
            main()
    finally:
        sys.argv = argv
    assert not e.value.code, said.getvalue()
    return out, said.getvalue()


def test_training_reports_skipped_files(run, pets):
    said = run[1].replace("\n", " ")
    assert f"2 files skipped: {pets}/readme.txt, {pets}/cat/labels.csv" in said
    assert "images of 2 sizes, 14×12 … 30×10: scaled to 16×16 (the median side is 13)" in said


def test_the_chosen_size_is_an_option_of_the_run(run):
    assert json.loads((run[0] / "options.json").read_text())["image_size"] == 16


def test_a_run_of_a_chosen_size_is_measured_and_resumed_on_the_same_images(run, dlcli, tmp_path):
    copy = shutil.copytree(run[0], tmp_path / "copy")
    assert dlcli("eval", copy)[0] == 0
    code, _, err = dlcli("resume", copy, "--steps", 3)
    assert code == 0, err


def test_every_image_that_training_reads_is_predicted(run, dlcli, pets):
    code, out, err = dlcli("predict", "cnn", pets, "--run", run[0], "--json")
    assert code == 0
    answered = [json.loads(line)["input"] for line in out.splitlines()]
    assert len(answered) == 40
    assert answered == sorted(answered, key=lambda name: name.removeprefix(str(pets)))
    assert "skipping 2 files that are not images" in err.replace("\n", " ")


def test_a_folder_without_images_is_an_error_with_its_files(run, dlcli, tmp_path):
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "a.pdf").write_text("x")
    code, _, err = dlcli("predict", "cnn", tmp_path / "papers", "--run", run[0])
    assert code == 3
    assert "papers must contain images, found 1 other files: a.pdf" in err.replace("\n", " ")


def test_an_image_that_cannot_be_read_is_answered_in_its_place(run, dlcli, tmp_path):
    painted(tmp_path / "in" / "a.png", 1)
    (tmp_path / "in" / "b.jpg").write_text("<html>404</html>")
    painted(tmp_path / "in" / "c.png", 1)
    code, out, _ = dlcli("predict", "cnn", tmp_path / "in", "--run", run[0], "--json")
    assert code == 3
    assert ["error" in json.loads(line) for line in out.splitlines()] == [False, True, False]


def test_skipped_files_do_not_fail_a_check(dlcli, pets):
    code, out, _ = dlcli("data", "check", f"folder:{pets}", "--json")
    found = json.loads(out)["problems"]
    assert code == 0
    assert [(each["kind"], each["harmless"]) for each in found] == [("skipped", True)] * 2
    assert "no problems, only the notes above" in dlcli("data", "check", f"folder:{pets}")[1]


def test_unreadable_images_are_refused_with_the_option_that_leaves_them_out(dlcli, pets, tmp_path):
    copy = shutil.copytree(pets, tmp_path / "pets")
    for number in (1, 3, 5, 7, 9):
        next(copy.glob(f"cat/{number}.*")).write_bytes(b"")
    command = ("train", "cnn", "-d", f"folder:{copy}", *SMALL)
    code, _, err = dlcli(*command, "--out", tmp_path / "a")
    assert code == 3
    assert "--skip-bad leaves out these examples" in err.replace("\n", " ")
    assert not (tmp_path / "a").exists()
    code, _, err = dlcli(*command, "--skip-bad", "--out", tmp_path / "b")
    assert code == 0, err
    assert "--skip-bad leaves out" in err
    assert json.loads((tmp_path / "b" / "options.json").read_text())["skip_bad"] is True
    code, _, err = dlcli("eval", tmp_path / "b")
    assert code == 0, err


def test_16_bit_images_are_read_as_in_training(dlcli, tmp_path):
    for name, least in (("dark", 0), ("light", 2000)):
        (tmp_path / "scans" / name).mkdir(parents=True)
        for number in range(20):
            pixels = np.full([8, 8], least + 90 * number, np.uint16)
            Image.fromarray(pixels).save(tmp_path / "scans" / name / f"{number}.png")
    out = tmp_path / "scanned"
    code, _, err = dlcli("train", "cnn", "-d", f"folder:{tmp_path / 'scans'}", *SMALL, "--out", out)
    assert code == 0
    assert "4095 is used as white, also when the model is used" in err.replace("\n", " ")
    assert json.loads((out / "facts.json").read_text())["white"] == 4095
    from dlcli.data.images import batches
    from dlcli.data.images.batches import ImageFacts

    facts = ImageFacts.model_validate_json((out / "facts.json").read_text())
    seen = batches.decode(tmp_path / "scans" / "dark" / "10.png", facts)
    assert (seen == 900 * 256 // 4096).all()


@pytest.mark.parametrize(
    ("technique", "small"), [("gan", SMALL), ("diffusion", (*SMALL, "--stages", 1, "--no-attention"))]
)
def test_images_without_classes_are_refused_for_conditional_models(dlcli, tmp_path, technique, small):
    for number in range(30):
        painted(tmp_path / "faces" / f"{number}.png", number)
    (tmp_path / "faces" / "readme.txt").write_text("x")
    command = ("train", technique, "-d", f"folder:{tmp_path / 'faces'}", *small)
    code, _, err = dlcli(*command, "--conditional", "--out", tmp_path / "a")
    assert code == 3
    assert "the images have no classes" in err.replace("\n", " ")
    code, _, err = dlcli(*command, "--out", tmp_path / "b")
    assert code == 0, err
    assert err.replace("\n", " ").count("readme.txt is not an image: skipped") == 1
    code, out, _ = dlcli("data", "show", f"folder:{tmp_path / 'faces'}")
    assert "images 8 × 8 × 3, no classes" in out
    assert code == 0


def test_notices_are_not_repeated_for_the_frechet_distance(dlcli, pets, tmp_path):
    code, _, err = dlcli("train", "gan", "-d", f"folder:{pets}", *SMALL, "--out", tmp_path / "run")
    assert code == 0
    assert err.replace("\n", " ").count("readme.txt") == 1
    assert json.loads((tmp_path / "run" / "options.json").read_text())["image_size"] == 16
