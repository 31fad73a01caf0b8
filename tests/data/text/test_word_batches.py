from collections import Counter

import numpy as np
import pytest

from dlcli.data.text import word_batches
from dlcli.data.text.coverage import Coverage
from dlcli.data.text.word_batches import Batcher, ContextOptions
from dlcli.data.text.words import Corpus, Sentences, WordFacts

COUNTS = (50, 30, 20)


def sentences(*found):
    return Sentences(
        np.concatenate(found).astype(np.int32), np.concatenate([[0], np.cumsum([len(each) for each in found])])
    )


def batcher(*found, batch_size=8, window=3, sample=0.0, counts=None):
    counts = counts or [1] * (max(map(max, found)) + 1)
    return Batcher(sentences(*found), counts, ContextOptions(window, sample, batch_size))


def take(made, count, seed=0, step=0):
    return [batch for _, batch in zip(range(count), word_batches.train_from(made, seed, step), strict=False)]


def by_sentence(batch):
    """Return the words of each sentence in a batch, without padding."""
    here = batch["sentence"] >= 0
    groups = {}
    for word, number in zip(batch["word"][here], batch["sentence"][here], strict=True):
        groups.setdefault(number, []).append(int(word))
    return list(groups.values())


def test_each_epoch_shuffles_the_whole_sentences():
    text = [[n, n + 100, n + 200] for n in range(40)]
    made = batcher(*text, batch_size=30)
    first, second = ([each for batch in take(made, 4, step=step) for each in by_sentence(batch)] for step in (0, 4))
    assert sorted(first) == sorted(second) == text
    assert first != second
    assert first != text


def test_a_batch_that_crosses_epochs_continues_with_the_next_one():
    made = batcher([0, 1, 2], [3, 4], batch_size=8)
    words = np.concatenate([batch["word"] for batch in take(made, 5)])
    assert Counter(words.tolist()) == dict.fromkeys(range(5), 8)


def test_a_sentence_that_a_batch_cuts_continues_in_the_next_one():
    made = batcher(list(range(20)), batch_size=8)
    assert np.concatenate([batch["word"] for batch in take(made, 5)]).tolist() == [*range(20), *range(20)]


def test_adjacent_epochs_are_different_sentences():
    made = batcher([0, 1, 2, 3, 4, 5], batch_size=8)
    assert by_sentence(take(made, 1)[0]) == [[0, 1, 2, 3, 4, 5], [0, 1]]


def test_a_batch_depends_on_the_seed_and_the_step_alone():
    made = batcher(*[[n, n] for n in range(30)], sample=1e-2)
    for one, other in zip(take(made, 6)[4:], take(made, 2, step=4), strict=True):
        assert all(np.array_equal(one[name], other[name]) for name in one)
    assert any(not np.array_equal(a["word"], b["word"]) for a, b in zip(take(made, 6), take(made, 6, 1), strict=True))


def test_context_sizes_are_drawn_uniformly_from_one_to_the_window():
    made = batcher(list(range(100)), batch_size=1000, window=4)
    size = np.concatenate([batch["context_size"] for batch in take(made, 20)])
    frequencies = np.bincount(size, minlength=5) / len(size)
    assert frequencies[0] == 0
    assert frequencies[1:] == pytest.approx(0.25, abs=0.02)


def test_words_are_kept_with_the_probability_of_word2vec_c():
    keep = word_batches.keep_probabilities(COUNTS, 0.1)
    expected = [min(1, (np.sqrt(f / 0.1) + 1) * 0.1 / f) for f in (0.5, 0.3, 0.2)]  # the formula of its code
    assert keep == pytest.approx(expected, rel=1e-6)
    assert word_batches.keep_probabilities(COUNTS, 0).tolist() == [1, 1, 1]


def test_words_are_subsampled_at_their_rates():
    text = [[0] * 5 + [1] * 3 + [2] * 2] * 50
    made = batcher(*text, batch_size=500, sample=0.1, counts=COUNTS)
    batches = take(made, 40)
    words = np.concatenate([batch["word"][batch["context_size"] > 0] for batch in batches])
    expected = word_batches.keep_probabilities(COUNTS, 0.1) * COUNTS * 200
    assert np.bincount(words) == pytest.approx(expected, rel=0.05)
    for batch in batches:
        count = (batch["context_size"] > 0).sum()
        assert (batch["sentence"][count:] == -1).all()
        assert (batch["sentence"][:count] >= 0).all()


def test_the_capacity_of_a_batch_is_hardly_ever_reached():
    options = ContextOptions(5, 0.1, 4096)
    capacity = word_batches.capacity(COUNTS, options)
    made = Batcher(sentences(*[[0] * 5 + [1] * 3 + [2] * 2] * 500), COUNTS, options)
    most = max((batch["context_size"] > 0).sum() for batch in take(made, 50))
    assert most < capacity < 0.9 * 4096


def corpus(*found):
    text = sentences(*found)
    size = max(map(max, found)) + 1
    facts = WordFacts(words=tuple(map(str, range(size))), counts=(1,) * size, lower=False)
    return Corpus(facts, {"test": text}, "", Coverage(0, 0, 0, 0))


def test_held_out_text_is_read_in_its_order_the_same_way_each_time():
    held = word_batches.held_out(corpus(list(range(11)), [11, 12]), "test", ContextOptions(3, 0.0, 8))
    first, second = list(held), list(held)
    words = np.concatenate([batch["word"][batch["mask"] > 0] for batch in first])
    assert words.tolist() == list(range(13))
    assert all(np.array_equal(a[name], b[name]) for a, b in zip(first, second, strict=True) for name in a)
    assert by_sentence(first[1]) == [[8, 9, 10], [11, 12]]


def test_a_missing_split_has_no_batches():
    assert list(word_batches.held_out(corpus([0, 1]), "validation", ContextOptions(3, 0.0, 8))) == []
