from dlcli.checks import receptive_field
from dlcli.nn.receptive_field import ReceptiveField, Window


def test_it_holds_for_every_kind_of_pooling():
    found = receptive_field.check()
    assert found.holds
    # 3 + 1, and then 2 · (3 - 1) + 2 more, by the recurrence of the reference.
    assert [found.numbers[f"max_{name}_side"] for name in ("conv1", "pool1", "conv2", "pool2")] == [3, 4, 8, 10]


def test_a_recurrence_without_the_stride_fails(monkeypatch):
    right = ReceptiveField.through

    def strideless(self, windows):
        return right(self, [Window(each.kernel, 1, each.padding) for each in windows])

    monkeypatch.setattr(ReceptiveField, "through", strideless)
    found = receptive_field.check()
    assert not found.holds
    assert found.numbers["differing_pixels"] > 0
