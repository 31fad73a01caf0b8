"""How numbers are written in tables."""

import math

import pytest

from dlcli import formats


@pytest.mark.parametrize(
    ("share", "places", "written"),
    [
        (0.9722, 2, "97.22 %"),
        (0.0, 2, "0.00 %"),
        (1.0, 2, "100.00 %"),
        (2.9e-8, 2, "< 0.01 %"),
        (2.9e-8, 1, "< 0.1 %"),
        (0.0004, 1, "< 0.1 %"),
        (0.0006, 1, "0.1 %"),
        (1 - 1e-9, 2, "> 99.99 %"),
        (1 - 1e-9, 1, "> 99.9 %"),
        (0.5, 0, "50 %"),
        (None, 2, "–"),
        (math.nan, 2, "–"),
    ],
)
def test_a_rate_is_0_or_100_percent_only_if_exact(share, places, written):
    assert formats.percent(share, places) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.43214, "0.4321"),
        (2.9e-8, "< 0.0001"),
        (-2.9e-8, "> -0.0001"),
        (0.0, "0.0000"),
        (1234.5, "1,234.5000"),
        (1e12, "1.0000e+12"),
        (None, "–"),
    ],
)
def test_a_loss_has_four_decimals(value, written):
    assert formats.loss(value) == written


@pytest.mark.parametrize(
    ("values", "written"),
    [
        ([1, 20_000, None], ["1", "20,000", "–"]),
        ([0.5, 12.25, None], ["0.500", "12.250", "–"]),
        ([0.00312, 0.5, 0.0], ["0.00312", "0.50000", "0.00000"]),
        ([1.2e-7, 1.0], ["1.20e-07", "1.00e+00"]),
        ([123.0, 4567.0], ["123", "4,567"]),
        ([math.nan, math.inf, -math.inf, 1.0], ["–", "∞", "-∞", "1.00"]),
        ([], []),
        ([None], ["–"]),
    ],
)
def test_the_numbers_of_a_column_have_the_same_format(values, written):
    assert formats.column(values) == written


@pytest.mark.parametrize(
    ("nats", "written"), [(0.0, "1.00"), (math.log(1234.5), "1,234.50"), (100.0, "2.69e+43"), (800.0, "∞")]
)
def test_a_perplexity_never_overflows(nats, written):
    assert formats.perplexity(nats) == written


@pytest.mark.parametrize(
    ("name", "written"), [("exact_match", "exact match"), ("frechet_distance_floor", "Fréchet distance floor")]
)
def test_a_metric_is_named_in_words(name, written):
    assert formats.metric(name) == written
