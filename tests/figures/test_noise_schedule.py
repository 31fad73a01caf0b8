import numpy as np
import pytest

from dlcli.figures.options.generative import NoiseSchedule
from tests.reading import draw


def test_the_signal_to_noise_ratio_of_the_cosine_schedule_is_that_of_its_formula():
    found = draw(NoiseSchedule(timesteps=100)).numbers["schedules"]["cosine"]
    t = np.array(found["timesteps"])
    alphas_bar = np.cos((t / 100 + 0.008) / 1.008 * np.pi / 2) ** 2 / np.cos(0.008 / 1.008 * np.pi / 2) ** 2
    middle = (t > 5) & (t < 95)  # the steps at the end are clipped
    assert np.array(found["signal_to_noise"])[middle] == pytest.approx(
        (alphas_bar / (1 - alphas_bar))[middle], rel=1e-3
    )


def test_the_ratio_falls_with_the_time():
    for each in draw(NoiseSchedule(timesteps=50)).numbers["schedules"].values():
        assert (np.diff(np.array(each["signal_to_noise"], float)) < 0).all()


def test_a_run_shows_its_own_schedule(diffusion_run):
    found = draw(NoiseSchedule(run=str(diffusion_run))).numbers["schedules"]
    assert list(found) == ["cosine"]
    assert found["cosine"]["timesteps"][-1] == 60
