import json
import shutil

import numpy as np
import pytest

from dlcli.errors import RunError, UsageError
from dlcli.figures.options.images import Activations, Pooling
from dlcli.figures.subject import drawable, example, examples, settings
from dlcli.techniques.opening import open_run


def test_an_index_names_an_image_of_the_validation_split_with_its_class():
    first, second = examples(Pooling(dataset="digits", index=1), 2)
    assert [each.source for each in (first, second)] == [f"image {n} of the validation split" for n in (1, 2)]
    assert first.pixels.shape == (8, 8, 1)
    assert first.label in range(10)
    np.testing.assert_array_equal(example(Pooling(dataset="digits", index=2), None).pixels, second.pixels)


def test_the_images_end_with_the_split():
    assert len(examples(Pooling(dataset="digits", index=178), 16)) == 2
    with pytest.raises(UsageError, match="--index must be less than 180"):
        examples(Pooling(dataset="digits", index=180), 16)


def test_data_that_are_not_those_of_the_run_are_refused(cnn_run, tmp_path):
    copied = tmp_path / "changed"
    shutil.copytree(cnn_run, copied)
    options = json.loads((cnn_run / "options.json").read_text())
    (copied / "options.json").write_text(json.dumps({**options, "image_size": 12}))
    run = open_run(copied)
    with pytest.raises(RunError, match="must have the images and classes"):
        example(Activations(run=str(copied)), run, run.facts)


def test_a_data_folder_overrides_that_of_the_run(cnn_run, tmp_path):
    run = open_run(cnn_run)
    assert settings(Activations(data_dir=tmp_path), run).data_dir == tmp_path
    assert settings(Activations(), run).data_dir is None


def test_without_a_run_the_figures_own_options_count():
    assert settings(Pooling(image_size=12)).image_size == 12


def test_images_of_two_or_four_channels_are_drawn_gray():
    assert drawable(np.ones([3, 3, 3], np.uint8)).shape == (3, 3, 3)
    assert drawable(np.full([3, 3, 4], 8, np.uint8)).tolist() == np.full([3, 3], 8).tolist()
