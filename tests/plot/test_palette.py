import numpy as np
import pytest

from dlcli.plot import palette

# Linear light as perceived without one kind of cone: Machado, Oliveira and Fernandes 2009, severity 1.
SEEN = {
    "all": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(linear):
    """CIE 1976 L*a*b* of linear light [..., 3], seen by daylight."""
    fractions = linear @ XYZ.T / XYZ.sum(axis=1)
    x, y, z = np.moveaxis(
        np.where(fractions > 216 / 24389, np.cbrt(fractions), (24389 / 27 * fractions + 16) / 116), -1, 0
    )
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


@pytest.mark.parametrize("eyes", SEEN)
def test_text_colours_are_distinguishable_with_every_kind_of_colour_blindness(eyes):
    colors = np.stack([palette.from_hex(text) for text in palette.TEXT])
    linear = np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)
    places = lab(np.clip(linear @ np.array(SEEN[eyes]).T, 0, 1))
    apart = np.linalg.norm(places[:, None] - places, axis=-1)
    assert apart[np.triu_indices(len(colors), 1)].min() > 10  # a just noticeable difference is about 2.3


@pytest.mark.parametrize(("name", "sign"), [("gray", 1), ("heat", 1), ("blues", -1)])
def test_lightness_is_monotonic_along_a_palette(name, sign):
    lightness = palette.luminance(palette.paint(np.linspace(0, 1, 64), name))
    assert (sign * np.diff(lightness) > 0).all()


def test_zero_is_the_palest_of_a_signed_palette():
    values = np.linspace(-3.0, 1.0, 9)
    fractions = palette.normalize(values, "signed")
    assert values[palette.luminance(palette.paint(fractions, "signed")).argmax()] == 0


def test_a_signed_palette_is_symmetric_around_zero():
    below, above = palette.normalize(np.array([-1.0, 1.0, 4.0]), "signed")[:2]
    assert 0.5 - below == pytest.approx(above - 0.5)


def test_bytes_and_floats_of_an_image_give_the_same_colours():
    image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3) * 20
    np.testing.assert_allclose(palette.as_colors(image), palette.as_colors(image / 255))


def test_values_beyond_the_limits_are_clipped():
    fractions = palette.normalize(np.array([-9.0, 0.5, 9.0]), "heat", (0.0, 1.0))
    np.testing.assert_array_equal(fractions, [0.0, 0.5, 1.0])


def test_nan_is_gray():
    red, green, blue = palette.paint(np.array([np.nan]), "heat")[0]
    assert red == green == blue


@pytest.mark.parametrize("shape", [(4,), (4, 4, 2), (0, 4), (1, 4, 4, 3)])
def test_other_shapes_are_rejected(shape):
    with pytest.raises(ValueError, match="must be"):
        palette.squeezed(np.zeros(shape))


def test_an_overlay_without_heat_is_the_gray_image():
    image = np.random.default_rng(0).random((3, 4))
    np.testing.assert_allclose(palette.overlay(image, np.zeros((3, 4)))[..., 0], image)


def test_an_overlay_is_most_saturated_at_the_maximum():
    heat = np.zeros((3, 3))
    heat[1, 2] = 2.0
    painted = palette.overlay(np.full((3, 3), 0.5), heat)
    assert np.ptp(painted, axis=-1).argmax() == np.ravel_multi_index((1, 2), (3, 3))


@pytest.mark.parametrize("background", [np.zeros(3), np.ones(3), palette.from_hex("#D55E00")])
def test_text_contrasts_with_its_background(background):
    assert abs(palette.luminance(palette.text_color(background)) - palette.luminance(background)) > 0.4
