import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from dlcli.figures import roc
from dlcli.figures.options.images import Roc
from tests.reading import draw


def test_the_curve_is_that_of_scikit_learn():
    random = np.random.default_rng(0)
    labels, scores = random.integers(2, size=200), random.integers(20, size=200)
    counts = np.stack([np.bincount(scores[labels == label], minlength=20) for label in (0, 1)])
    false, true = roc.curve(counts)
    expected_false, expected_true, _ = roc_curve(labels, scores, drop_intermediate=False)
    np.testing.assert_allclose(false, expected_false)
    np.testing.assert_allclose(true, expected_true)
    assert np.trapezoid(true, false) == pytest.approx(roc_auc_score(labels, scores))


def test_two_classes_have_one_curve(mlp_run):
    assert list(draw(Roc(run=str(mlp_run))).numbers["auc"]) == ["1"]


def test_each_of_several_classes_has_an_area_of_which_eight_curves_are_drawn(cnn_run):
    ten = draw(Roc(run=str(cnn_run))).numbers
    assert len(ten["auc"]) == 10
    assert len(ten["curves"]) == 8


def test_the_area_under_each_curve_is_its_auc(cnn_run):
    found = draw(Roc(run=str(cnn_run))).numbers
    for name, curve in found["curves"].items():
        area = np.trapezoid(curve["true_positive_rate"], curve["false_positive_rate"])
        assert area == pytest.approx(found["auc"][name], abs=0.01)
