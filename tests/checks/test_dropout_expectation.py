from flax import nnx

from dlcli.checks import dropout_expectation


def test_it_holds_with_the_dropout_rate_of_the_layer():
    found = dropout_expectation.check()
    assert found.holds
    assert abs(found.numbers["dropped_fraction"] - 0.3) < 0.01


def test_without_the_division_by_the_keep_probability_it_fails(monkeypatch):
    right = nnx.Dropout.__call__

    def unscaled(self, x, **more):
        return right(self, x, **more) * (1.0 if self.deterministic else 1 - self.rate)

    monkeypatch.setattr(nnx.Dropout, "__call__", unscaled)
    assert not dropout_expectation.check().holds


def test_a_bias_of_3_percent_fails(monkeypatch):
    right = nnx.Dropout.__call__

    def off(self, x, **more):
        return right(self, x, **more) * (1.0 if self.deterministic else 1.03)

    monkeypatch.setattr(nnx.Dropout, "__call__", off)
    assert not dropout_expectation.check().holds
