"""A convolution step by step: a kernel moves over an image."""

from __future__ import annotations

import functools

import numpy as np

from dlcli.artifacts import Figure
from dlcli.data.images import decoding
from dlcli.errors import UsageError
from dlcli.figures import subject
from dlcli.figures.json_values import to_json
from dlcli.figures.options.images import Convolution, parse_kernel
from dlcli.plot import page, palette, terminal
from dlcli.plot.charts.convolution import ConvolutionChart


def draw(options: Convolution) -> Figure:
    """Show the window, its product with the kernel, and the map of all sums."""
    example = subject.example(options, None)
    pixels = decoding.resize(example.pixels, (options.side, options.side))
    gray = palette.luminance(palette.as_colors(subject.drawable(pixels)))
    image = np.pad(gray, options.padding)
    kernel = np.array(parse_kernel(options.kernel))
    if len(kernel) > len(image):
        raise UsageError(
            f"--kernel must be at most as large as the padded image, got {len(kernel)} for {len(image)} pixels"
        )
    output = convolve(image, kernel, options.stride)
    height, width = output.shape
    title = (
        f"convolution of {example.source}, {options.side} × {options.side}: kernel {options.kernel}, "
        f"stride {options.stride}, padding {options.padding}, output {height} × {width}"
    )
    chart = ConvolutionChart(title, image, kernel, options.stride, output)
    numbers = {
        "image": example.source,
        "input": to_json(image),
        "kernel": to_json(kernel),
        "stride": options.stride,
        "padding": options.padding,
        "output": to_json(output),
    }
    sketch = functools.partial(terminal.convolution.draw, chart)
    animate = functools.partial(page.convolution.animate, chart)
    return Figure("convolution", page.convolution.draw(chart), numbers, sketch, animate)


def convolve(image: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    """Return the sums of the products of a kernel with each window of an image, as networks compute them.

    The kernel is not flipped: mathematically this is a cross-correlation.

    Args:
        image: float [height, width].
        kernel: float [size, size].
        stride: pixels between two windows.
    """
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)[::stride, ::stride]
    return np.asarray((windows * kernel).sum(axis=(2, 3)))
