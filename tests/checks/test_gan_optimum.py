import jax

from dlcli.checks import gan_optimum
from dlcli.techniques.gan import losses


def test_it_holds():
    found = gan_optimum.check()
    assert found.holds
    assert found.numbers["min_probability"] < 0.1 < 0.9 < found.numbers["max_probability"]


def test_a_loss_with_twice_the_weight_of_generated_points_fails(monkeypatch):
    def weighted(name, real, generated):
        return jax.nn.softplus(-real).mean() + 2 * jax.nn.softplus(generated).mean()

    monkeypatch.setattr(losses, "discriminator_loss", weighted)
    assert not gan_optimum.check().holds


def test_the_wasserstein_loss_has_no_such_optimum(monkeypatch):
    right = losses.discriminator_loss
    monkeypatch.setattr(losses, "discriminator_loss", lambda name, *logits: right("wasserstein", *logits))
    assert not gan_optimum.check().holds
