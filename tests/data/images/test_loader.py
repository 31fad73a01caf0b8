from __future__ import annotations

import itertools

import numpy as np
import pytest

from dlcli.data.images import catalogue, loader


@pytest.fixture(params=["in memory", "streamed"])
def train(request, classes):
    images = catalogue.open(f"folder:{classes}", None, None, 2**30 if request.param == "in memory" else 0)
    assert images.splits["train"].resident == (request.param == "in memory")
    return images.splits["train"]


def batches(split, start, count, seed=0, size=8):
    return list(itertools.islice(loader.train_from(split, size, seed, start), count))


def assert_same(ours, theirs):
    for our, their in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(our["image"], their["image"])
        np.testing.assert_array_equal(our["label"], their["label"])


def test_batches_from_a_later_step_continue_the_same_order(train):
    assert_same(batches(train, 0, 8)[5:], batches(train, 5, 3))


def test_batches_have_the_documented_shapes_and_types(train):
    for batch in batches(train, 0, 8):
        assert batch["image"].shape == (8, 6, 5, 3)
        assert (batch["image"].dtype, batch["label"].dtype, batch["label"].shape) == (np.uint8, np.int32, (8,))


def test_another_seed_gives_another_order(train):
    ours, theirs = batches(train, 0, 2, seed=0), batches(train, 0, 2, seed=1)
    assert any((our["image"] != their["image"]).any() for our, their in zip(ours, theirs, strict=True))


def test_streamed_batches_equal_batches_in_memory(classes):
    memory, stream = (catalogue.open(f"folder:{classes}", None, None, limit).splits for limit in (2**30, 0))
    assert_same(batches(memory["train"], 3, 5), batches(stream["train"], 3, 5))
    assert_same(loader.held_out(memory["validation"], 3), loader.held_out(stream["validation"], 3))


def test_batches_decoded_in_pieces_are_the_same(classes, monkeypatch):
    whole = batches(catalogue.open(f"folder:{classes}", None, None, 0).splits["train"], 0, 3)
    monkeypatch.setattr(loader, "PIECE", 300)
    assert_same(whole, batches(catalogue.open(f"folder:{classes}", None, None, 0).splits["train"], 0, 3))


def test_the_last_held_out_batch_is_padded_to_the_shape_of_the_others(train):
    held_out = list(loader.held_out(train, 9))
    assert {batch["image"].shape for batch in held_out} == {(9, 6, 5, 3)}
    assert sum(batch["mask"].sum() for batch in held_out) == len(train)
    assert (held_out[-1]["mask"] == 0).any()


def test_each_iteration_yields_the_held_out_examples_in_order(train):
    held_out = loader.held_out(train, 9)
    labels = np.concatenate([batch["label"] for batch in held_out])
    np.testing.assert_array_equal(labels[: len(train)], train.labels)
    assert_same(held_out, held_out)


def test_a_file_that_changes_during_a_streamed_run_is_an_error(classes, save):
    train = catalogue.open(f"folder:{classes}", None, None, 0).splits["train"]
    train.counts()
    save(classes / train.source.names[0], shape=(3, 3, 3))
    with pytest.raises(Exception, match=r"has changed from the shape \(6, 5, 3\) to \(3, 3, 3\)"):
        batches(train, 0, 5)
