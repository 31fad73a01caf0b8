import numpy as np
import pytest

from dlcli import engine
from dlcli.errors import UsageError
from dlcli.figures.options.generative import DiffusionProcess
from dlcli.techniques.diffusion.learner import Learner
from dlcli.techniques.diffusion.options import Train
from tests.reading import draw


@pytest.fixture(scope="module")
def flow_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("diffusion") / "flow"
    small = {"steps": 1, "channels": 2, "stages": 1, "attention": False, "batch_size": 90}
    list(engine.fit(Learner, Train(out=folder, parameterization="flow", **small)))
    return folder


def test_single_steps_reach_the_variance_of_the_closed_form_at_every_level():
    found = draw(DiffusionProcess(timesteps=60, points=4_000, count=5)).numbers
    assert found["levels"] == [0, 15, 30, 45, 60]
    variance = found["variance_of_points"]
    # Five standard errors of a variance of 8,000 numbers.
    for way in ("closed_form", "single_steps"):
        np.testing.assert_allclose(variance[way], variance["expected"], rtol=5 * np.sqrt(2 / 8_000))


def test_the_shares_of_signal_and_noise_add_up_to_one():
    found = draw(DiffusionProcess(timesteps=20, noise_schedule="linear", points=10)).numbers
    np.testing.assert_allclose(np.add(found["signal"], found["noise"]), 1, rtol=1e-5)
    assert found["signal"][0] == 1


def test_a_run_brings_its_schedule_and_its_levels(diffusion_run):
    found = draw(DiffusionProcess(run=str(diffusion_run), points=10)).numbers
    assert (found["schedule"], found["levels"][-1]) == ("cosine", 60)


def test_a_flow_has_no_single_steps_to_show(flow_run):
    with pytest.raises(UsageError, match="no single steps"):
        draw(DiffusionProcess(run=str(flow_run)))
