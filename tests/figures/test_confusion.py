import json
import shutil

import numpy as np
import pytest

from dlcli import figures
from dlcli.errors import RunError
from dlcli.figures.options.images import Confusion
from dlcli.notices import Notice


@pytest.fixture(scope="module")
def drawn(cnn_run):
    return figures.draw("confusion", Confusion(run=str(cnn_run)))


def test_the_title_names_the_validation_split(drawn):
    assert np.sum(drawn.numbers["counts"]) == 180
    assert "validation split" in drawn.drawing.get_suptitle().replace("\n", " ")


def test_the_accuracy_is_that_of_the_best_validation(drawn, cnn_run):
    best = json.loads((cnn_run / "run.json").read_text())["ended"]["best"]["accuracy"]
    assert np.trace(drawn.numbers["counts"]) / 180 == pytest.approx(best)
    assert drawn.numbers["accuracy"]["value"] == pytest.approx(best)


def test_the_last_weights_have_the_accuracy_of_the_last_validation(drawn, cnn_run):
    last = figures.draw("confusion", Confusion(run=str(cnn_run), use="last")).numbers
    assert last["accuracy"]["value"] == pytest.approx(
        json.loads((cnn_run / "run.json").read_text())["ended"]["last"]["accuracy"]
    )


def test_data_of_another_shape_is_rejected(cnn_run, tmp_path):
    copied = tmp_path / "changed"
    shutil.copytree(cnn_run, copied)
    options = json.loads((copied / "options.json").read_text())
    (copied / "options.json").write_text(json.dumps({**options, "image_size": 12}))
    with pytest.warns(Notice, match="has changed"), pytest.raises(RunError, match="image size and classes"):
        figures.draw("confusion", Confusion(run=str(copied)))
