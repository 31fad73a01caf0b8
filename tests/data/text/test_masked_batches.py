import itertools

import numpy as np
import pytest

from dlcli.data.text import masked_batches, token_batches
from dlcli.data.text.tokenizers import UNKNOWN


def opened(raw, seed=0):
    return masked_batches.windows(*raw, batch_size=4, context=20, seed=seed)


def several(data, count=50, first=0):
    return list(itertools.islice(data.train_from(first), count))


def test_targets_are_the_tokens_of_the_windows_at_the_positions(raw):
    windows = token_batches.windows(*raw, batch_size=4, context=20, seed=0).train_from(0)
    for masked, window in zip(several(opened(raw)), windows, strict=False):
        whole = window["tokens"][:, 1:]
        assert masked["position"].shape == (4, 3)
        assert np.array_equal(np.take_along_axis(whole, masked["position"], axis=1), masked["target"])
        changed = masked["tokens"] != whole
        assert not np.delete(changed[0], masked["position"][0]).any()


def test_four_fifths_of_the_targets_are_masked_and_a_tenth_stays(raw):
    batches = several(opened(raw), 500)
    read = np.concatenate([np.take_along_axis(each["tokens"], each["position"], axis=1) for each in batches])
    target = np.concatenate([each["target"] for each in batches])
    assert (read == UNKNOWN).mean() == pytest.approx(0.8 + 0.1 / 17, abs=0.02)
    assert (read == target).mean() == pytest.approx(0.1 + 0.1 / 17, abs=0.02)


def test_positions_of_a_window_are_different_and_sorted(raw):
    assert all((np.diff(each["position"], axis=1) > 0).all() for each in several(opened(raw)))


def test_masks_depend_on_the_seed_and_the_step_alone(raw):
    whole, later, other = several(opened(raw)), several(opened(raw), 10, first=40), several(opened(raw, seed=1))
    for one, same in zip(whole[40:], later, strict=True):
        np.testing.assert_equal(one, same)
    assert any(not np.array_equal(one["position"], each["position"]) for one, each in zip(whole, other, strict=True))


def test_held_out_masks_are_the_same_each_time(raw):
    data = opened(raw)
    for one, other in zip(data.validation, data.validation, strict=True):
        np.testing.assert_equal(one, other)


def test_padding_is_never_a_target_that_counts(raw):
    texts, tokenizer = raw
    batch = next(iter(masked_batches.windows(texts, tokenizer, batch_size=4, context=100, seed=0).validation))
    assert (batch["mask"] == (batch["target"] != 0)).all()
    assert 0 < batch["mask"].sum() < batch["mask"].size
