from __future__ import annotations

import itertools

import numpy as np
import pytest

from dlcli.data.text import token_batches, token_streams, tokenizers
from dlcli.data.text.catalogue import open_texts
from dlcli.data.text.sets import Documents, TextSet
from dlcli.data.text.tokenizers import END, PADDING
from dlcli.errors import DatasetError


def take(iterator, count):
    return [batch for batch, _ in zip(iterator, range(count), strict=False)]


def equal(left, right):
    return left.keys() == right.keys() and all(np.array_equal(left[name], right[name]) for name in left)


@pytest.mark.parametrize("build", [token_batches.windows, token_batches.rows])
def test_batches_depend_on_the_seed_and_the_step_alone(raw, build):
    data, other = (build(*raw, batch_size=4, context=16, seed=seed) for seed in (0, 1))
    whole = take(data.train_from(0), 40)
    assert all(equal(left, right) for left, right in zip(whole[13:], take(data.train_from(13), 27), strict=True))
    assert not all(equal(left, right) for left, right in zip(whole, other.train_from(0), strict=False))


def test_windows_are_substrings_of_the_text(raw, text):
    texts, tokenizer = raw
    data = token_batches.windows(texts, tokenizer, batch_size=8, context=16, seed=0)
    for batch in take(data.train_from(0), 20):
        assert batch["tokens"].shape == (8, 17)
        assert batch["tokens"].dtype == np.int32
        assert all(tokenizer.decode(row) in text for row in batch["tokens"])


def test_every_window_of_the_text_is_drawn(raw, text):
    seen = [
        b["tokens"] for b in take(token_batches.windows(*raw, batch_size=64, context=990, seed=0).train_from(0), 10)
    ]
    starts = {tuple(row[:5]) for batch in seen for row in batch}
    assert len(starts) == len(text) + 1 - 990
    assert any(row[0] == END for batch in seen for row in batch)


def test_rows_continue_where_they_stopped_unless_they_restart(raw):
    texts, tokenizer = raw
    data = token_batches.rows(texts, tokenizer, batch_size=4, context=16, seed=0)
    batches = take(data.train_from(0), 35)
    for before, after in itertools.pairwise(batches):
        assert np.array_equal(before["tokens"][:, -1], after["tokens"][:, 0]) or after["restart"].all()
        assert after["restart"].all() == after["restart"].any()
    places = [number for number, batch in enumerate(batches) if batch["restart"].all()]
    assert places == [0, 15, 30]
    assert data.sizes["train"] == 15 * 4


def test_an_epoch_of_rows_covers_nearly_all_targets_without_overlap(raw, text):
    texts, tokenizer = raw
    stream = np.asarray(token_streams.stream(texts, "train", tokenizer).ids)
    numbered = TextSet("numbers", {"train": Documents([text]), "validation": Documents([text])})
    data = token_batches.rows(numbered, tokenizer, batch_size=4, context=16, seed=0)
    rows = np.concatenate([batch["tokens"][:, 1:] for batch in take(data.train_from(0), 15)], axis=1)
    starts = ["".join(map(chr, row)) for row in rows]
    whole = "".join(map(chr, stream))
    found = [whole.index(row) for row in starts]
    assert all(left + len(starts[0]) <= right for left, right in itertools.pairwise(found))
    assert 4 * len(starts[0]) > len(text) - 4 * 16 - 16


@pytest.mark.parametrize("build", [token_batches.windows, token_batches.rows])
@pytest.mark.parametrize(("batch_size", "context"), [(1, 7), (4, 16), (3, 100), (7, 101)])
def test_each_held_out_token_is_a_target_once(raw, build, batch_size, context):
    texts, tokenizer = raw
    data = build(texts, tokenizer, batch_size=batch_size, context=context, seed=0)
    batches = list(data.validation)
    (shape,) = {batch["tokens"].shape for batch in batches}
    assert shape[0] % batch_size == 0
    assert shape[1] == context + 1
    assert {batch["mask"].shape for batch in batches} == {(shape[0], context)}
    targets = np.concatenate([batch["tokens"][:, 1:][batch["mask"] == 1] for batch in batches])
    expected = token_streams.stream(texts, "validation", tokenizer).ids[1:]
    assert np.array_equal(np.sort(targets), np.sort(expected))
    # In the rows' order, too: what stands before a target is what stands before it in the text.
    pairs = [
        pair
        for batch in batches
        for row, mask in zip(batch["tokens"], batch["mask"], strict=True)
        for pair, there in zip(itertools.pairwise(row), mask, strict=True)
        if there
    ]
    whole = token_streams.stream(texts, "validation", tokenizer).ids.tolist()
    assert sorted(pairs) == sorted(itertools.pairwise(whole))


def test_held_out_rows_continue_from_batch_to_batch(raw):
    first, *others = list(token_batches.rows(*raw, batch_size=4, context=8, seed=0).validation)
    assert first["restart"].all()
    assert not any(batch["restart"].any() for batch in others)
    for before, after in itertools.pairwise([first, *others]):
        goes_on = after["mask"][:, 0] == 1
        assert np.array_equal(before["tokens"][goes_on, -1], after["tokens"][goes_on, 0])


def test_the_mask_is_zero_for_padded_targets(raw):
    for batch in token_batches.windows(*raw, batch_size=7, context=30, seed=0).validation:
        assert np.array_equal(batch["tokens"][:, 1:] == PADDING, batch["mask"] == 0)


def test_a_set_without_a_test_split_is_tested_on_validation(raw):
    data = token_batches.windows(*raw, batch_size=2, context=16, seed=0)
    assert all(equal(left, right) for left, right in zip(data.test, data.validation, strict=True))


def test_the_test_split_is_tokenized_when_it_is_iterated(labelled, monkeypatch):
    texts, tokenizer = labelled
    texts = TextSet(texts.name, {**texts.splits, "test": Documents(["the test"], np.zeros(1, np.int32))}, texts.classes)
    opened = []
    stream = token_streams.stream
    monkeypatch.setattr(
        token_streams, "stream", lambda texts, split, _: opened.append(split) or stream(texts, split, _)
    )
    for build in (token_batches.windows, token_batches.rows):
        data = build(texts, tokenizer, batch_size=4, context=5, seed=0)
        list(data.validation)
        assert "test" not in opened
        assert list(data.test)
        assert opened.pop() == "test"


@pytest.mark.parametrize("build", [token_batches.windows, token_batches.rows])
def test_text_shorter_than_a_batch_is_refused_with_a_remedy(raw, build):
    with pytest.raises(DatasetError, match=r"must have at least [\d,]+ tokens, and has 997") as raised:
        build(*raw, batch_size=4, context=998, seed=0)
    assert "--context" in raised.value.hint


def test_tiny_shakespeare_has_the_validation_characters_of_nanogpt(shared_data):
    texts = open_texts(str(shared_data / "text" / "tinyshakespeare.txt"))
    tokenizer = tokenizers.resolve("characters", 256, texts.splits["train"])
    data = token_batches.windows(texts, tokenizer, batch_size=12, context=64, seed=0)
    assert sum(batch["mask"].sum() for batch in data.validation) == 111_540
    assert len(tokenizer) == 4 + 65


def test_a_part_of_the_windows_is_spread_over_the_split(raw):
    data = token_batches.windows(*raw, batch_size=4, context=16, seed=0)
    whole = np.concatenate([batch["tokens"] for batch in data.validation])
    full = whole[: data.sizes["validation"]]
    (batch,) = data.validation.part(3)
    chosen = batch["tokens"][batch["mask"].any(axis=1)]
    assert np.array_equal(chosen, full[np.arange(3) * len(full) // 3])


def test_a_part_of_the_rows_is_the_beginning_of_each(raw):
    data = token_batches.rows(*raw, batch_size=2, context=16, seed=0)
    whole, part = list(data.validation), list(data.validation.part(3))
    assert len(part) == 2 < len(whole)
    assert all(equal(one, other) for one, other in zip(part, whole, strict=False))


def test_held_out_batches_of_short_windows_are_larger_than_those_of_training(raw):
    data = token_batches.windows(*raw, batch_size=4, context=16, seed=0)
    assert next(iter(data.validation))["tokens"].size >= 4096
