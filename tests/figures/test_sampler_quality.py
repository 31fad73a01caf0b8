import pytest
from pydantic import ValidationError

from dlcli.errors import UsageError
from dlcli.figures.options.generative import SamplerQuality, parse_counts
from tests.reading import draw


def test_each_sampler_has_a_value_per_number_of_steps(diffusion_density_run):
    found = draw(SamplerQuality(run=str(diffusion_density_run), steps="2", samples=100)).numbers
    assert found["measure"] == "total_variation"
    assert set(found["samplers"]) == {"ddpm", "ddim", "euler", "heun"}
    assert all(len(each["values"]) == 1 for each in found["samplers"].values())
    assert found["samplers"]["heun"]["evaluations"] == [3]  # two per step but the last
    assert found["floor"] < min(min(each["values"]) for each in found["samplers"].values())


def test_more_steps_than_timesteps_are_refused(diffusion_density_run):
    with pytest.raises(UsageError, match="--steps must be at most 60"):
        draw(SamplerQuality(run=str(diffusion_density_run), steps="100"))


def test_counts_are_sorted():
    assert parse_counts("10, 5,5") == [5, 10]


@pytest.mark.parametrize("text", ["", "0", "a,1", "1,,2", "-3"])
def test_other_counts_are_refused(text):
    with pytest.raises(ValidationError, match="comma-separated positive whole numbers"):
        SamplerQuality(steps=text)
