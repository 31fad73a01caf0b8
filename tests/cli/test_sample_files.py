"""Samples written as arrays and as one picture per sample."""

import json

import numpy as np
from PIL import Image

from dlcli.artifacts import Images
from dlcli.cli import sample_files


def test_samples_are_written_as_arrays_that_the_run_returns(gan_run, tmp_path, dlcli):
    import dlcli as library

    code, out, _ = dlcli("sample", "gan", "--run", gan_run, "--count", 3, "--out", tmp_path / "samples.npz", "--json")
    assert (code, json.loads(out)["count"]) == (0, 3)
    with np.load(tmp_path / "samples.npz") as found:
        np.testing.assert_array_equal(found["image"], library.load(gan_run).sample(count=3))


def test_each_sample_is_a_picture_in_a_folder(diffusion_run, tmp_path, dlcli):
    options = ("--count", 2, "--sampler-steps", 2, "--out", tmp_path / "samples")
    code, _, err = dlcli("sample", "diffusion", "--run", diffusion_run, *options)
    assert code == 0, err
    assert len(list((tmp_path / "samples").rglob("*.png"))) == 2


def test_transparent_images_keep_their_alpha(tmp_path):
    pixels = np.random.default_rng(0).integers(256, size=[2, 5, 4, 4], dtype=np.uint8)
    sample_files.save(Images(pixels, ["a", "b"]), tmp_path / "out")
    with Image.open(tmp_path / "out" / "b" / "00001.png") as found:
        assert found.mode == "RGBA"
        np.testing.assert_array_equal(np.asarray(found), pixels[1])


def test_arrays_of_classes_are_a_data_set(tmp_path):
    pixels = np.zeros([3, 4, 4, 1], np.uint8)
    sample_files.save(Images(pixels, ["b", "a", "b"]), tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as found:
        assert found["label"].tolist() == [1, 0, 1]
        assert found["classes"].tolist() == ["a", "b"]


def test_a_folder_with_other_files_is_refused_before_sampling(gan_run, tmp_path, dlcli):
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "file").write_text("")
    code, _, err = dlcli("sample", "gan", "--run", gan_run, "--out", tmp_path / "used")
    assert (code, "new or empty folder" in err) == (2, True)


def test_arrays_contain_the_nearest_training_images(tmp_path):
    pixels = np.zeros([3, 4, 4, 1], np.uint8)
    sample_files.save(Images(pixels, nearest=pixels + 1), tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as found:
        np.testing.assert_array_equal(found["nearest"], pixels + 1)


def test_nearest_training_images_are_not_written_to_a_folder(gan_run, tmp_path, dlcli):
    code, _, err = dlcli("sample", "gan", "--run", gan_run, "--show-nearest", "--out", tmp_path / "samples")
    assert code == 2
    assert "--show-nearest needs a picture or arrays" in err
