import numpy as np
import pytest

from dlcli.plot import palette


@pytest.mark.parametrize(("name", "sign"), [("gray", 1), ("heat", 1), ("blues", -1)])
def test_lightness_goes_one_way_along_a_palette(name, sign):
    lightness = palette.luminance(palette.paint(np.linspace(0, 1, 64), name))
    assert (sign * np.diff(lightness) > 0).all()


def test_zero_is_the_palest_of_a_signed_palette():
    values = np.linspace(-3.0, 1.0, 9)
    shares = palette.normalize(values, "signed")
    assert values[palette.luminance(palette.paint(shares, "signed")).argmax()] == 0


def test_equal_magnitudes_are_equally_far_from_the_middle_of_a_signed_palette():
    below, above = palette.normalize(np.array([-1.0, 1.0, 4.0]), "signed")[:2]
    assert 0.5 - below == pytest.approx(above - 0.5)


def test_bytes_and_floats_of_an_image_give_the_same_colours():
    image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3) * 20
    np.testing.assert_allclose(palette.as_colors(image), palette.as_colors(image / 255))


def test_values_beyond_the_ends_are_clipped():
    shares = palette.normalize(np.array([-9.0, 0.5, 9.0]), "heat", (0.0, 1.0))
    np.testing.assert_array_equal(shares, [0.0, 0.5, 1.0])


def test_what_has_no_value_is_gray():
    red, green, blue = palette.paint(np.array([np.nan]), "heat")[0]
    assert red == green == blue


@pytest.mark.parametrize("shape", [(4,), (4, 4, 2), (0, 4), (1, 4, 4, 3)])
def test_what_is_no_image_is_refused(shape):
    with pytest.raises(ValueError, match="must be"):
        palette.plane(np.zeros(shape))


def test_an_overlay_without_heat_is_the_gray_image():
    image = np.random.default_rng(0).random((3, 4))
    np.testing.assert_allclose(palette.overlay(image, np.zeros((3, 4)))[..., 0], image)


def test_an_overlay_is_most_coloured_where_it_is_hottest():
    heat = np.zeros((3, 3))
    heat[1, 2] = 2.0
    painted = palette.overlay(np.full((3, 3), 0.5), heat)
    assert np.ptp(painted, axis=-1).argmax() == np.ravel_multi_index((1, 2), (3, 3))


@pytest.mark.parametrize("ground", [np.zeros(3), np.ones(3), palette.from_hex("#D55E00")])
def test_ink_differs_clearly_from_its_ground(ground):
    assert abs(palette.luminance(palette.ink(ground)) - palette.luminance(ground)) > 0.4
