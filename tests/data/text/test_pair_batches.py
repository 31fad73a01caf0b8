import itertools
from types import SimpleNamespace

import numpy as np
import pytest

from dlcli.data.text import pair_batches, tokenizers
from dlcli.data.text.catalogue import open_pairs
from dlcli.data.text.pairs import Pairs
from dlcli.data.text.tokenizers import END, PADDING, START
from dlcli.notices import Notice

ROWS = [(f"{number} and {number}", str(2 * number)) for number in range(20)]


@pytest.fixture
def options(tmp_path):
    path = tmp_path / "sums.tsv"
    path.write_text("source\ttarget\n" + "".join(f"{one}\t{two}\n" for one, two in ROWS))
    sizes = {"batch_size": 4, "vocab_size": 64, "length_buckets": 1, "separate_tokenizers": False}
    return SimpleNamespace(dataset=str(path), seed=0, tokenizer="characters", **sizes)


def test_a_batch_contains_sources_with_lengths_and_targets_between_start_and_end(options):
    data = pair_batches.read(options, 16)
    tokenizer = tokenizers.from_json(data.facts.tokenizer)
    batch = next(data.train_from(0))
    found = {
        (tokenizer.decode(source[:length]), tokenizer.decode(target))
        for source, length, target in zip(batch["source"], batch["length"], batch["target"], strict=True)
    }
    assert found <= set(ROWS)
    assert (batch["target"][:, 0] == START).all()
    assert ((batch["target"] == END).sum(axis=1) == 1).all()


def test_lengths_are_those_of_the_longest_texts(options):
    facts = pair_batches.read(options, 64).facts
    assert (facts.max_source_length, facts.max_target_length) == (len("19 and 19"), len("38") + 1)


def test_truncated_pairs_are_counted_in_each_split_that_is_read(options):
    with pytest.warns(Notice) as notes:
        data = pair_batches.read(options, 4)
    [note] = notes
    assert str(note.message) == (
        "14 of 14 training and 2 of 2 validation pairs are too long and truncated to 4 tokens per source "
        "and 3 per target (with its end); the longest has 9 tokens: a larger --context reads more"
    )
    batch = next(data.train_from(0))
    assert batch["source"].shape == (4, 4)
    assert (batch["length"] == 4).all()


def test_a_target_without_room_for_its_end_is_truncated(options):
    one = Pairs(["a"], ["bcd"], ["line 1"])
    tokenizer = tokenizers.train("characters", 64, ["abcd"])
    assert [pair_batches.EncodedPairs(one, tokenizer, (1, length)).truncated for length in (3, 4)] == [1, 0]


def test_evaluation_counts_the_truncated_pairs_of_the_test_split_alone(options, tmp_path):
    facts = pair_batches.read(options, 64).facts
    other = tmp_path / "other.tsv"
    other.write_text("source\ttarget\n" + "".join(f"{'1' * (5 + number)}\t7\n" for number in range(20)))
    facts = facts.model_copy(update={"max_source_length": 8})
    data = pair_batches.read(SimpleNamespace(**{**vars(options), "dataset": str(other)}), 64, facts)
    count = sum(len(source) > 8 for source in open_pairs(str(other)).splits["test"].sources)
    with pytest.warns(Notice) as notes:
        list(data.test)
    [note] = notes
    assert str(note.message) == (
        f"{count} of 4 test pairs are too long and truncated to 8 tokens per source and 3 per target (with its end)"
    )


def test_the_mask_of_held_out_batches_counts_each_pair_once(options):
    batches = list(pair_batches.read(SimpleNamespace(**{**vars(options), "batch_size": 3}), 64).test)
    assert [batch["mask"].tolist() for batch in batches] == [[1, 1, 1], [1, 0, 0]]
    assert len({batch["source"].shape for batch in batches}) == 1


def test_a_trained_model_reads_other_pairs_with_its_own_tokenizer_and_lengths(options, tmp_path):
    facts = pair_batches.read(options, 64).facts
    other = tmp_path / "other.tsv"
    other.write_text("source\ttarget\n" + "zzz\t7\n" * 20)
    data = pair_batches.read(SimpleNamespace(**{**vars(options), "dataset": str(other)}), 64, facts)
    batch = next(iter(data.test))
    assert data.facts == facts
    assert batch["source"].shape[1] == facts.max_source_length
    assert (batch["source"][:, 3:] == PADDING).all()


def test_batches_from_a_later_step_are_those_of_the_unbroken_order(options):
    data = pair_batches.read(options, 64)
    later, whole = data.train_from(3), data.train_from(0)
    for _ in range(3):
        next(whole)
    np.testing.assert_array_equal(next(whole)["source"], next(later)["source"])


def test_a_batch_is_as_wide_as_its_bucket(options, tmp_path):
    path = tmp_path / "words.tsv"
    path.write_text("source\ttarget\n" + "".join(f"{'a' * (n % 20 + 1)}\t{'b' * (n % 20 + 1)}\n" for n in range(300)))
    data = pair_batches.read(SimpleNamespace(**{**vars(options), "dataset": str(path), "length_buckets": 3}), 64)
    batches = list(itertools.islice(data.train_from(0), 60))
    assert len({batch["source"].shape for batch in batches}) == 3
    for batch in batches:
        assert batch["source"].shape[1] >= batch["length"].max()
        assert (batch["target"] == END).any(axis=1).all()
        assert batch["source"].shape[1] == batch["target"].shape[1] - 2  # a start and an end
