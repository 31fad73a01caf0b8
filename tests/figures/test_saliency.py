import numpy as np
import pytest
from PIL import Image

from dlcli import figures
from dlcli.data.images.batches import ImageFacts
from dlcli.errors import DatasetError, UsageError
from dlcli.figures.options.images import Saliency
from dlcli.figures.saliency import explain
from dlcli.techniques.cnn.learner import Learner
from dlcli.techniques.cnn.options import Train

FACTS = ImageFacts(image=(8, 8, 1), classes=("a", "b", "c"), mean=(0.5,), std=(0.25,))


@pytest.fixture(scope="module")
def learner():
    """A network whose head averages the maps and is linear, so that its gradients have closed forms."""
    learner = Learner(Train(channels=4, stages=1, hidden=0), FACTS)
    learner.eval()
    return learner


@pytest.fixture
def image():
    return np.random.default_rng(1).integers(0, 256, [8, 8, 1], dtype=np.uint8)


def test_before_an_averaging_linear_head_grad_cam_is_the_maps_weighed_by_the_head(learner, image):
    importance, _ = explain(learner, "pool1", 2, image)
    [maps] = learner.network.backbone(learner.normalize(image[None] / np.float32(255)))
    weights = np.asarray(learner.network.head.logits.kernel[...])[:, 2]
    expected = np.maximum((np.asarray(maps) * weights).sum(axis=-1), 0) / maps[..., 0].size
    assert importance.shape == (8, 8)
    # Scaled up four times, bilinearly, the four corners keep the values of the corners.
    np.testing.assert_allclose(
        importance[[0, 0, -1, -1], [0, -1, 0, -1]], expected[[0, 0, -1, -1], [0, -1, 0, -1]], atol=1e-6
    )


def test_the_input_gradient_agrees_with_finite_differences(learner, image):
    _, gradient = explain(learner, "conv1", 1, image)

    def logit(pixels):
        return np.asarray(learner.network(learner.normalize(pixels[None])), np.float64)[0, 1]

    pixels, step = image.astype(np.float32) / 255, 0.01
    nudge = np.zeros_like(pixels)
    nudge[3, 5] = step
    slope = (logit(pixels + nudge) - logit(pixels - nudge)) / (2 * step)
    assert gradient[3, 5] == pytest.approx(abs(slope), rel=0.02, abs=1e-4)


def test_the_predicted_class_is_explained_unless_another_is_named(cnn_run):
    numbers = figures.draw("saliency", Saliency(run=str(cnn_run), index=4)).numbers
    assert (
        numbers["explained"] == numbers["predicted"] == max(numbers["probabilities"], key=numbers["probabilities"].get)
    )
    assert sum(numbers["probabilities"].values()) == pytest.approx(1, abs=1e-4)
    assert figures.draw("saliency", Saliency(run=str(cnn_run), index=4, label="7")).numbers["explained"] == "7"


def test_the_last_convolution_is_explained_by_and_not_the_pooling_behind_it(cnn_run):
    assert figures.draw("saliency", Saliency(run=str(cnn_run))).numbers["layer"] == "conv2"


def test_an_image_file_has_no_true_class_and_takes_the_size_of_the_network(cnn_run, tmp_path):
    Image.new("RGB", (40, 20), "white").save(tmp_path / "white.png")
    drawn = figures.draw("saliency", Saliency(run=str(cnn_run), image=tmp_path / "white.png"))
    assert drawn.numbers["true"] is None
    assert np.shape(drawn.numbers["gradient"]) == (8, 8)
    assert drawn.sketch(80, False)[0].startswith("white.png: predicted")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"index": 180}, UsageError, "--index must be less than 180"),
        ({"label": "ten"}, UsageError, "--label must be one of 0, 1"),
        ({"layer": "head"}, UsageError, "--layer must be one of conv1"),
        ({"image": "nowhere.png"}, DatasetError, "nowhere.png"),
    ],
)
def test_what_is_not_there_is_named(cnn_run, options, error, message):
    with pytest.raises(error, match=message):
        figures.draw("saliency", Saliency(run=str(cnn_run), **options))


def test_an_image_and_an_index_exclude_each_other():
    with pytest.raises(ValueError, match="give --image or --index"):
        Saliency(image="a.png", index=3)
