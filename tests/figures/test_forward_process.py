import numpy as np
import pytest

from dlcli.errors import UsageError
from dlcli.figures.options.generative import ForwardProcess
from dlcli.techniques.diffusion.learner import Learner
from dlcli.techniques.diffusion.options import Train
from tests.reading import draw
from tests.untrained import untrained_run


@pytest.fixture(scope="module")
def flow_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("diffusion") / "flow"
    small = {"channels": 2, "stages": 1, "attention": False, "batch_size": 90}
    return untrained_run(Learner, Train(out=folder, parameterization="flow", **small))


def test_both_ways_have_the_theoretical_variance_at_every_timestep():
    found = draw(ForwardProcess(timesteps=60, points=4_000, count=5)).numbers
    assert found["timesteps"] == [0, 15, 30, 45, 60]
    variance = found["variance_of_points"]
    # Five standard errors of the variance of 8,000 values.
    for way in ("closed_form", "step_by_step"):
        np.testing.assert_allclose(variance[way], variance["theoretical"], rtol=5 * np.sqrt(2 / 8_000))


def test_signal_and_noise_variance_sum_to_one():
    found = draw(ForwardProcess(timesteps=20, noise_schedule="linear", points=10)).numbers
    np.testing.assert_allclose(np.add(found["alpha_bar"], found["one_minus_alpha_bar"]), 1, rtol=1e-5)
    assert found["alpha_bar"][0] == 1


def test_a_run_determines_the_noise_schedule(diffusion_run):
    found = draw(ForwardProcess(run=str(diffusion_run), points=10)).numbers
    assert (found["noise_schedule"], found["timesteps"][-1]) == ("cosine", 60)


def test_a_flow_is_rejected(flow_run):
    with pytest.raises(UsageError, match="noise or velocity"):
        draw(ForwardProcess(run=str(flow_run)))
