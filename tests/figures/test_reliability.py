import numpy as np
import pytest

import dlcli
from dlcli.errors import UsageError
from dlcli.figures.options.images import Reliability
from tests.reading import draw


@pytest.mark.parametrize("technique", ["cnn", "mlp"])
def test_the_calibration_error_is_that_of_the_bins(technique, request):
    found = draw(Reliability(run=str(request.getfixturevalue(f"{technique}_run")))).numbers
    confidence, accuracy, count = (np.array(found[name]) for name in ("confidence", "accuracy", "count"))
    expected = (np.abs(confidence - accuracy) * count).sum() / count.sum()
    assert found["expected_calibration_error"] == pytest.approx(expected, abs=1e-4)
    low, high = np.array(found["intervals"]).T
    assert (low <= accuracy + 1e-9).all()
    assert (accuracy <= high + 1e-9).all()


def test_a_regression_is_refused(tmp_path):
    run = dlcli.train("mlp", dataset="diabetes", hidden_sizes="none", steps=1, out=tmp_path / "run")
    for figure in ("reliability", "roc"):
        with pytest.raises(UsageError, match="must be a run of a classifier"):
            dlcli.draw(figure, run=run)
