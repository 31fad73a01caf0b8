"""Defaults of `train cnn` for photographs."""

import numpy as np
import pytest
from PIL import Image

from dlcli.notices import Notice
from dlcli.techniques.cnn.learner import Learner
from dlcli.techniques.cnn.options import Train


def folder_of(path, side, mode):
    """Fill a folder with twenty images of noise in each of two classes."""
    generator = np.random.default_rng(0)
    for name in ("left", "right"):
        (path / name).mkdir()
        for number in range(20):
            pixels = generator.integers(256, size=(side, side, 3) if mode == "RGB" else (side, side), dtype=np.uint8)
            Image.fromarray(pixels).save(path / name / f"{number}.png")
    return f"folder:{path}"


def chosen(dataset, **options):
    return Learner.read(Train(dataset=dataset, batch_size=8, **options)).chosen


def test_photographs_are_augmented_and_get_a_network_with_batch_normalization(tmp_path):
    dataset = folder_of(tmp_path, 64, "RGB")
    with pytest.warns(Notice, match="defaults for photographs .64×64 pixels in colour.: --augment flip,shift:6"):
        assert chosen(dataset) == {"augment": "flip,shift:6", "arch": "airbench", "channels": 16}


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ({"arch": "small"}, {"augment"}),
        ({"channels": 8}, {"augment"}),
        ({"augment": ""}, {"arch", "channels"}),
        ({"arch": "resnet", "augment": "flip"}, set()),
        ({"backbone_from": "run"}, {"augment"}),
        ({"init_from": "run"}, set()),
    ],
)
@pytest.mark.filterwarnings("ignore::dlcli.notices.Notice")
def test_what_is_given_is_not_replaced(tmp_path, given, left):
    assert chosen(folder_of(tmp_path, 64, "RGB"), **given).keys() == left


@pytest.mark.parametrize(("side", "mode"), [(64, "L"), (32, "RGB")])
def test_other_images_have_the_usual_defaults(tmp_path, side, mode):
    assert chosen(folder_of(tmp_path, side, mode)) == {}


@pytest.mark.filterwarnings("ignore::dlcli.notices.Notice")
def test_large_photographs_get_a_network_that_reduces_them_first(tmp_path):
    found = chosen(folder_of(tmp_path, 128, "RGB"))
    assert found == {"augment": "flip,shift:13", "arch": "resnet", "depth": 18, "channels": 16}


@pytest.mark.filterwarnings("ignore::dlcli.notices.Notice")
def test_photographs_of_several_sizes_also_have_their_size_chosen(tmp_path):
    dataset = folder_of(tmp_path, 64, "RGB")
    Image.fromarray(np.zeros([96, 96, 3], np.uint8)).save(tmp_path / "left" / "large.png")
    assert chosen(dataset) == {"image_size": 64, "augment": "flip,shift:6", "arch": "airbench", "channels": 16}
