import numpy as np
import pytest

import dlcli
from dlcli.figures import positions
from dlcli.figures.options.text import Positions
from tests.conftest import _HERE
from tests.reading import draw


def test_the_similarity_of_sinusoidal_encodings_is_the_mean_cosine_of_the_angles():
    found = draw(Positions(positions=20, d_model=16)).numbers["similarity"]
    frequencies = 10_000.0 ** (-np.arange(8) / 8)
    expected = np.cos(np.arange(20)[:, None] * frequencies).mean(axis=1)
    assert found["sinusoidal"] == pytest.approx(expected, abs=1e-5)
    assert found["rotary, equal query and key"] == pytest.approx(expected, abs=1e-5)


def test_the_similarity_at_distance_0_is_1():
    random = np.random.default_rng(0).normal(size=[6, 5])
    found = positions.similarity(random)
    assert found[0] == pytest.approx(1)
    assert len(found) == 6


def test_learned_positions_are_those_of_the_run(tmp_path):
    small = {"context": 8, "layers": 1, "heads": 2, "d_model": 8, "batch_size": 2, "preset": "gpt2", "shape": "decoder"}
    text = str(_HERE / "texts" / "jabberwocky.txt")
    run = dlcli.train("transformer", dataset=text, steps=1, out=tmp_path / "run", **small)
    found = draw(Positions(run=str(run.folder))).numbers
    assert np.shape(found["encodings"]["learned"]) == (8, 8)


@pytest.mark.parametrize(("preset", "kind"), [("modern", "rotary, of each head"), ("original", "sinusoidal")])
def test_encodings_that_are_not_learned_are_those_of_the_preset(preset, kind, tmp_path):
    small = {"context": 8, "layers": 1, "heads": 2, "d_model": 8, "batch_size": 2, "shape": "decoder"}
    text = str(_HERE / "texts" / "jabberwocky.txt")
    run = dlcli.train("transformer", dataset=text, steps=1, out=tmp_path / "run", preset=preset, **small)
    found = draw(Positions(run=str(run.folder))).numbers
    assert list(found["encodings"]) == [kind]
    assert np.array(found["similarity"][kind])[0] == pytest.approx(1)
