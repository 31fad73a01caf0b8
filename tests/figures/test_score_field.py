import jax
import jax.numpy as jnp
import numpy as np

from dlcli.figures import score_field
from dlcli.figures.options.generative import ScoreField
from tests.reading import draw


def test_the_exact_score_is_the_gradient_of_the_log_density():
    modes, std = np.array([[1.0, 0.0], [-1.0, 0.5]]), 0.4
    x = np.random.default_rng(0).normal(size=[5, 2])

    def log_density(point):
        return jax.nn.logsumexp(-jnp.square(point[None] - jnp.asarray(modes)).sum(axis=1) / (2 * std**2))

    expected = jax.vmap(jax.grad(log_density))(jnp.asarray(x))
    np.testing.assert_allclose(score_field.mixture_score(x, modes, std), expected, rtol=1e-4, atol=1e-4)


def test_far_from_all_modes_the_score_is_finite():
    assert np.isfinite(score_field.mixture_score(np.array([[50.0, 50.0]]), np.zeros([3, 2]), 0.01)).all()


def test_each_timestep_has_an_error(diffusion_density_run):
    found = draw(ScoreField(run=str(diffusion_density_run), count=3)).numbers
    assert found["timesteps"] == [2, 11, 48]
    assert np.shape(found["learned"]) == np.shape(found["exact"]) == (3, 17, 17, 2)
    assert all(np.isfinite(each) and each > 0 for each in found["relative_errors"])
