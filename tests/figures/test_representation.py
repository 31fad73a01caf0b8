import numpy as np
import pytest

import dlcli
from dlcli.errors import UsageError
from dlcli.figures import representation
from dlcli.figures.options.representation import Representation
from dlcli.plot.charts.groups import apart
from tests.conftest import _HERE
from tests.reading import draw


def test_the_nearest_neighbor_accuracy_is_that_of_the_slow_definition():
    random = np.random.default_rng(0)
    features, labels = random.normal(size=[30, 4]), random.integers(3, size=30)
    hits = 0
    for number in range(30):
        others = [(np.linalg.norm(features[number] - features[other]), other) for other in range(30) if other != number]
        hits += labels[min(others)[1]] == labels[number]
    assert representation.nearest_neighbor_accuracy(features, labels) == pytest.approx(hits / 30)


def test_separate_classes_are_their_own_neighbors():
    labels = np.repeat([0, 1], 5)
    assert representation.nearest_neighbor_accuracy(labels[:, None] * 10.0 + np.arange(10)[:, None] / 10, labels) == 1


@pytest.mark.parametrize("technique", ["cnn", "mlp"])
def test_each_layer_has_a_panel(technique, request):
    found = draw(Representation(run=str(request.getfixturevalue(f"{technique}_run")), count=40)).numbers
    names = list(found["layers"])
    assert (names[0], names[-1]) == ("input", "logits")
    assert len(names) > 3
    assert all(np.shape(each["positions"]) == (len(found["labels"]), 2) for each in found["layers"].values())


def test_an_encoder_has_a_layer_per_block(tmp_path):
    small = {"layers": 2, "heads": 2, "d_model": 8, "batch_size": 8, "context": 16, "steps": 1}
    questions = str(_HERE / "questions.tsv")
    run = dlcli.train("transformer", shape="encoder", dataset=questions, out=tmp_path / "run", **small)
    found = draw(Representation(run=str(run.folder), count=20)).numbers
    assert list(found["layers"]) == ["embeddings", "block 1", "block 2"]


def test_a_run_that_does_not_classify_is_refused(tmp_path):
    run = dlcli.train("mlp", dataset="diabetes", hidden_sizes="none", steps=1, out=tmp_path / "run")
    with pytest.raises(UsageError, match="must be a run of a classifier"):
        draw(Representation(run=str(run.folder)))


def test_thumbnails_of_a_panel_do_not_overlap():
    positions = np.random.default_rng(0).normal(size=[50, 2])
    side = np.array([0.5, 0.8])
    chosen = apart(positions, side)
    kept = positions[chosen]
    distances = np.abs(kept[:, None] - kept[None]) >= side
    assert (distances.any(axis=-1) | np.eye(len(kept), dtype=bool)).all()
    covered = (np.abs(positions[~chosen][:, None] - kept[None]) < side).all(axis=-1).any(axis=1)
    assert covered.all()


def test_thumbnails_are_images_of_a_cnn(cnn_run, mlp_run):
    figure = draw(Representation(run=str(cnn_run), count=30, thumbnails=True)).drawing
    assert all(axes.artists for axes in figure.axes if axes.get_visible())
    with pytest.raises(UsageError, match="needs a run of cnn"):
        draw(Representation(run=str(mlp_run), thumbnails=True))
