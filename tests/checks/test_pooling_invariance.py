import pytest

from dlcli.checks import pooling_invariance
from dlcli.nn import pooling


def test_it_holds_exactly():
    found = pooling_invariance.check()
    assert found.holds
    assert found.numbers["max_difference"] == 0
    assert found.numbers["difference_of_striding"] > 1


@pytest.mark.parametrize("other", [pooling.stride_pool, lambda x: pooling.max_pool(x[:, 1:, 1:])])
def test_striding_fails(monkeypatch, other):
    monkeypatch.setitem(pooling_invariance.POOLS, "max", (other, None))
    assert not pooling_invariance.check().holds
