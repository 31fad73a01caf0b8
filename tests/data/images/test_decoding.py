from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from dlcli.data.images import decoding
from dlcli.data.images.source import Unreadable

COLOURS = np.random.default_rng(0).integers(0, 256, [6, 5, 3], dtype=np.uint8)


@pytest.mark.parametrize("kind", ["png", "bmp", "tiff", "ppm"])
def test_lossless_formats_decode_to_their_pixels(kind, png):
    np.testing.assert_array_equal(decoding.decode(png(Image.fromarray(COLOURS), kind)), COLOURS)


@pytest.mark.parametrize("kind", ["jpeg", "webp", "gif"])
def test_lossy_formats_decode_to_about_their_pixels(kind, png):
    smooth = np.broadcast_to(np.linspace(40, 200, 16, dtype=np.uint8)[:, None, None], [16, 16, 3])
    decoded = decoding.decode(png(Image.fromarray(smooth), kind))
    np.testing.assert_allclose(decoded.astype(int), smooth, atol=12)


def test_grayscale_images_have_one_channel(png):
    np.testing.assert_array_equal(decoding.decode(png(Image.fromarray(COLOURS[..., 0]))), COLOURS[..., :1])


def test_images_with_16_bits_keep_the_upper_8_bits(png):
    values = np.array([[0, 255, 256, 65535]], dtype=np.uint16)
    np.testing.assert_array_equal(decoding.decode(png(Image.fromarray(values)))[..., 0], [[0, 0, 1, 255]])


def test_bilevel_images_are_black_and_white(png):
    decoded = decoding.decode(png(Image.fromarray(np.array([[True, False]]))))
    np.testing.assert_array_equal(decoded, [[[255], [0]]])


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparent_pixels_are_white(mode, png):
    image = Image.new("RGBA", (2, 2), (10, 20, 30, 0)).convert(mode)
    decoded = decoding.decode(png(image, "tiff" if mode == "PA" else "png"))
    assert decoded.shape == (2, 2, 1 if mode == "LA" else 3)
    assert (decoded == 255).all()


def test_exif_rotation_is_applied(png):
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: to be turned a quarter clockwise
    sideways = Image.fromarray(COLOURS)
    np.testing.assert_array_equal(decoding.decode(png(sideways, exif=exif)), np.rot90(COLOURS, -1))


def test_scaling_covers_the_size_with_a_center_crop(png):
    wide = np.zeros([10, 30, 3], dtype=np.uint8)
    wide[:, 10:20] = 255
    assert (decoding.decode(png(Image.fromarray(wide)), (10, 10)) == 255).all()


def test_an_image_of_the_right_size_is_unchanged(png):
    np.testing.assert_array_equal(decoding.decode(png(Image.fromarray(COLOURS)), (6, 5)), COLOURS)


def test_a_jpeg_decoded_at_reduced_size_is_close_to_the_scaled_full_one(png):
    rows = np.linspace(0, 255, 256, dtype=np.uint8)
    gradient = Image.fromarray(np.broadcast_to(rows[:, None, None], [256, 256, 3]).copy())
    jpeg = png(gradient, "jpeg", quality=95)
    exact = decoding.resize(decoding.decode(jpeg), (16, 16)).astype(int)
    np.testing.assert_allclose(decoding.decode(jpeg, (16, 16)).astype(int), exact, atol=3)


def test_scaled_arrays_equal_scaled_files(png):
    encoded = png(Image.fromarray(COLOURS))
    np.testing.assert_array_equal(decoding.resize(COLOURS, (4, 4)), decoding.decode(encoded, (4, 4)))


def test_colour_is_converted_to_grayscale_by_luma():
    gray = decoding.convert_channels(COLOURS, 1)
    np.testing.assert_allclose(gray[..., 0], COLOURS @ [0.299, 0.587, 0.114], atol=1)
    np.testing.assert_array_equal(decoding.convert_channels(gray, 3), np.repeat(gray, 3, axis=-1))


@pytest.mark.parametrize(
    ("encoded", "reason"), [(b"", "the file is empty"), (b"hello there", "not an image that pillow can read")]
)
def test_bytes_that_are_not_an_image_are_unreadable(encoded, reason):
    with pytest.raises(Unreadable, match=reason):
        decoding.decode(encoded)


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "webp", "bmp", "avif"])
def test_damaged_files_never_raise_other_errors_than_unreadable(kind, png):
    whole = png(Image.fromarray(COLOURS), kind)
    random = np.random.default_rng(0)
    for _ in range(60):
        damaged = bytearray(whole[: random.integers(8, len(whole) + 1)])
        damaged[random.integers(len(damaged))] ^= 0xFF
        try:
            assert decoding.decode(bytes(damaged)).dtype == np.uint8
        except Unreadable as error:
            assert str(error)  # noqa: PT017 (either outcome is right)


def test_a_missing_file_is_unreadable(tmp_path):
    with pytest.raises(Unreadable, match="No such file"):
        decoding.load(tmp_path / "none.png")


@pytest.mark.parametrize(("highest", "white"), [(1, 1), (255, 255), (900, 1023), (4095, 4095), (4096, 16383)])
def test_white_defaults_to_the_next_bit_depth_of_cameras(highest, white, png):
    values = np.array([[0, highest // 2, highest]], dtype=np.uint16)
    decoded = decoding.decode(png(Image.fromarray(values)))[0, :, 0]
    np.testing.assert_allclose(decoded, values[0].astype(float) * 255 / white, atol=1)


def test_a_given_white_does_not_depend_on_the_image(png):
    values = np.array([[0, 100, 200, 5000]], dtype=np.uint16)
    assert decoding.decode(png(Image.fromarray(values)), white=4095)[0, :, 0].tolist() == [0, 6, 12, 255]


def test_floats_in_0_to_1_are_scaled_to_bytes(png):
    values = np.array([[0, 0.25, 1]], dtype=np.float32)
    assert decoding.decode(png(Image.fromarray(values), "tiff"))[0, :, 0].tolist() == [0, 64, 255]


@pytest.mark.parametrize(("value", "reason"), [(np.nan, "must be finite"), (-1, "must be 0 or more, found -1")])
def test_floats_without_a_range_are_unreadable(value, reason, png):
    with pytest.raises(Unreadable, match=reason):
        decoding.decode(png(Image.fromarray(np.array([[value, 1]], np.float32)), "tiff"))


def test_an_image_of_too_many_pixels_is_not_decoded(png):
    huge = png(Image.new("1", (9_500, 9_500)))
    with pytest.raises(Unreadable, match="an image must have at most 89,478,485 pixels, found more"):
        decoding.decode(huge)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_header_contains_size_and_bit_depth(mode, png):
    assert decoding.header(png(Image.new(mode, (5, 4)))) == decoding.Header((4, 5), mode == "I;16")
