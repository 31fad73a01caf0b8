from dlcli.checks import kv_cache
from dlcli.nn.attention import KVCache


def test_it_holds():
    assert kv_cache.check().holds


def test_a_cache_shifted_by_one_position_fails(monkeypatch):
    write = KVCache.update
    monkeypatch.setattr(KVCache, "update", lambda self, fresh, start: write(self, fresh, start - 1))
    assert not kv_cache.check().holds
