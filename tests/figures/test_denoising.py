import numpy as np
import pytest

from dlcli.figures.options.generative import Denoising
from dlcli.techniques.diffusion.learner import Learner
from dlcli.techniques.diffusion.options import Sample, Train
from tests.reading import draw, sample
from tests.untrained import untrained_run


@pytest.fixture(scope="module")
def ring_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("diffusion") / "ring"
    return untrained_run(Learner, Train(out=folder, dataset="ring", channels=2, timesteps=20))


def test_the_reverse_process_ends_with_the_samples_of_the_same_seed(diffusion_run):
    found = draw(Denoising(run=str(diffusion_run), sampler_steps=4, count=2, seed=3)).numbers
    drawn = sample(Sample(run=str(diffusion_run), sampler_steps=4, count=2, seed=3))
    np.testing.assert_allclose(found["samples"], drawn.pixels, atol=1)
    assert found["timesteps"] == [60, 45, 30, 15, 0]


def test_the_animation_has_a_different_frame_per_timestep(diffusion_run):
    figure = draw(Denoising(run=str(diffusion_run), sampler_steps=4, count=5))
    animation = figure.animation()
    assert animation.frames == 5
    shown = []
    for frame in (0, 4):
        animation.show(frame)
        shown.append([np.asarray(axes.images[-1].get_array()) for axes in animation.drawing.axes])
    assert len(shown[0]) == 2
    assert all(not np.array_equal(before, after) for before, after in zip(*shown, strict=True))


def test_a_density_has_one_scatter_plot_per_timestep(ring_run):
    figure = draw(Denoising(run=str(ring_run), sampler_steps=2, states=3))
    assert len(figure.drawing.axes) == 2 * 3
    assert figure.animation().frames == 3


def test_images_of_other_channels_are_animated_in_gray(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, [40, 4, 4, 2], dtype=np.uint8)
    np.savez(tmp_path / "set.npz", image=images)
    small = {"channels": 2, "timesteps": 20, "stages": 1, "attention": False, "batch_size": 8}
    run = untrained_run(Learner, Train(out=tmp_path / "run", dataset=str(tmp_path / "set.npz"), **small))
    animation = draw(Denoising(run=str(run), sampler_steps=2, count=3, states=3)).animation()
    animation.show(2)
    assert [axes.images[-1].get_array().shape[:2] for axes in animation.drawing.axes] == [(6, 18)] * 2


def test_a_guidance_scale_of_one_is_the_reverse_process_without_guidance(trained_once):
    small = {"batch_size": 60, "channels": 2, "stages": 1, "attention": False, "timesteps": 60, "conditional": True}
    run = trained_once("diffusion", "guided", **small, steps=6, report_every=2, validate_every=3, learning_rate=0.05)
    options = {"run": str(run), "sampler_steps": 4, "count": 2, "seed": 3}
    compared = draw(Denoising(**options, compare_guidance="1,3")).numbers["samples_by_guidance"]
    assert compared["guidance 1"] == draw(Denoising(**options)).numbers["samples"]
    assert compared["guidance 3"] != compared["guidance 1"]
