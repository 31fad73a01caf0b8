"""How a Fréchet distance is shown."""

import pytest

from dlcli.metrics import frechet


@pytest.mark.parametrize(("samples", "real", "few"), [(500, 500, False), (499, 10_000, True), (10_000, 359, True)])
def test_a_distance_of_few_images_of_either_kind_has_a_warning(samples, real, few):
    numbers, below = frechet.caution({"use": "best"}, {"value": 1.0, "n": [samples, real]})
    assert ("warning" in numbers, bool(below)) == (few, few)
    assert numbers["use"] == "best"
    if few:
        assert f"{samples:,} generated, {real:,} real" in numbers["warning"]
        assert below[0].title == f"warning: {numbers['warning']}"


def test_a_distance_of_one_image_is_a_dash():
    assert frechet.written({"value": float("nan")}) == "–"
    assert frechet.written({"value": 1268.756}) == "1,268.76"
