import dataclasses

import numpy as np

from dlcli.checks import diffusion_marginal
from dlcli.nn import diffusion


def changed(monkeypatch, betas=1.0, **factors):
    """Let the variances of single steps, or coefficients of the closed form, be off by a factor."""
    right = diffusion.noise_schedule

    def noise_schedule(name, timesteps):
        found = dataclasses.replace(right(name, timesteps))  # the right one is cached, and stays as it is
        found.__dict__["betas"] = betas * found.betas
        found.__dict__["coefficients"] = found.coefficients._replace(
            **{name: factors[name] * getattr(found.coefficients, name) for name in factors}
        )
        return found

    monkeypatch.setattr(diffusion, "noise_schedule", noise_schedule)


def test_it_holds_for_both_schedules():
    found = diffusion_marginal.check()
    assert found.holds
    assert all(found.numbers[f"{what}_{name}"] > 0 for what in ("means", "variances") for name in ("linear", "cosine"))


def test_steps_with_10_percent_less_noise_fail(monkeypatch):
    changed(monkeypatch, betas=0.9)
    assert not diffusion_marginal.check().holds


def test_a_closed_form_with_5_percent_more_noise_fails(monkeypatch):
    changed(monkeypatch, sigma=1.05)
    found = diffusion_marginal.check()
    assert not found.holds
    assert found.numbers["variances_linear"] > found.tolerance


def test_a_closed_form_with_5_percent_more_signal_fails(monkeypatch):
    changed(monkeypatch, alpha=1.05)
    found = diffusion_marginal.check()
    assert np.isfinite(found.numbers["means_linear"])
    assert found.numbers["means_linear"] > found.tolerance
