from collections import Counter

import numpy as np
import pytest

from dlcli.data.text import contexts
from dlcli.data.text.contexts import Blocks, Rules
from dlcli.data.text.coverage import Coverage
from dlcli.data.text.words import Corpus, Sentences, WordFacts

COUNTS = (50, 30, 20)


def sentences(*found):
    return Sentences(
        np.concatenate(found).astype(np.int32), np.concatenate([[0], np.cumsum([len(each) for each in found])])
    )


def blocks(*found, batch_size=8, window=3, sample=0.0, counts=None):
    counts = counts or [1] * (max(map(max, found)) + 1)
    return Blocks(sentences(*found), counts, Rules(window, sample, batch_size))


def take(made, count, seed=0, step=0):
    return [batch for _, batch in zip(range(count), contexts.train_from(made, seed, step), strict=False)]


def by_sentence(batch):
    """Words of each sentence in a batch, without its padding."""
    here = batch["sentence"] >= 0
    groups = {}
    for word, number in zip(batch["word"][here], batch["sentence"][here], strict=True):
        groups.setdefault(number, []).append(int(word))
    return list(groups.values())


def test_an_epoch_has_every_sentence_once_whole_and_in_an_order_of_its_own():
    text = [[n, n + 100, n + 200] for n in range(40)]
    made = blocks(*text, batch_size=30)
    first, second = ([each for batch in take(made, 4, step=step) for each in by_sentence(batch)] for step in (0, 4))
    assert sorted(first) == sorted(second) == text
    assert first != second
    assert first != text


def test_a_block_that_crosses_epochs_goes_on_with_the_next_one():
    made = blocks([0, 1, 2], [3, 4], batch_size=8)
    words = np.concatenate([batch["word"] for batch in take(made, 5)])
    assert Counter(words.tolist()) == dict.fromkeys(range(5), 8)


def test_sentences_that_a_block_cuts_go_on_in_the_next_one():
    made = blocks(list(range(20)), batch_size=8)
    assert np.concatenate([batch["word"] for batch in take(made, 5)]).tolist() == [*range(20), *range(20)]


def test_two_epochs_meet_as_two_sentences():
    made = blocks([0, 1, 2, 3, 4, 5], batch_size=8)
    assert by_sentence(take(made, 1)[0]) == [[0, 1, 2, 3, 4, 5], [0, 1]]


def test_a_batch_is_a_function_of_the_seed_and_its_step():
    made = blocks(*[[n, n] for n in range(30)], sample=1e-2)
    for one, other in zip(take(made, 6)[4:], take(made, 2, step=4), strict=True):
        assert all(np.array_equal(one[name], other[name]) for name in one)
    assert any(not np.array_equal(a["word"], b["word"]) for a, b in zip(take(made, 6), take(made, 6, 1), strict=True))


def test_reaches_are_drawn_evenly_and_padding_has_none():
    made = blocks(list(range(100)), batch_size=1000, window=4)
    reach = np.concatenate([batch["reach"] for batch in take(made, 20)])
    shares = np.bincount(reach, minlength=5) / len(reach)
    assert shares[0] == 0
    assert shares[1:] == pytest.approx(0.25, abs=0.02)


def test_words_stay_with_the_probability_of_word2vec_c():
    shares = contexts.kept_shares(COUNTS, 0.1)
    expected = [min(1, (np.sqrt(f / 0.1) + 1) * 0.1 / f) for f in (0.5, 0.3, 0.2)]  # as its code has it
    assert shares == pytest.approx(expected, rel=1e-6)
    assert contexts.kept_shares(COUNTS, 0).tolist() == [1, 1, 1]


def test_words_are_sampled_at_their_rates_and_what_is_left_moves_up():
    text = [[0] * 5 + [1] * 3 + [2] * 2] * 50
    made = blocks(*text, batch_size=500, sample=0.1, counts=COUNTS)
    batches = take(made, 40)
    words = np.concatenate([batch["word"][batch["reach"] > 0] for batch in batches])
    expected = contexts.kept_shares(COUNTS, 0.1) * COUNTS * 200
    assert np.bincount(words) == pytest.approx(expected, rel=0.05)
    for batch in batches:
        count = (batch["reach"] > 0).sum()
        assert (batch["sentence"][count:] == -1).all()
        assert (batch["sentence"][:count] >= 0).all()


def test_hardly_ever_do_more_words_stay_than_a_batch_has_room_for():
    rules = Rules(5, 0.1, 4096)
    room = contexts.capacity(COUNTS, rules)
    made = Blocks(sentences(*[[0] * 5 + [1] * 3 + [2] * 2] * 500), COUNTS, rules)
    most = max((batch["reach"] > 0).sum() for batch in take(made, 50))
    assert most < room < 0.9 * 4096


def corpus(*found):
    text = sentences(*found)
    size = max(map(max, found)) + 1
    facts = WordFacts(words=tuple(map(str, range(size))), counts=(1,) * size, lower=False)
    return Corpus(facts, {"test": text}, "", Coverage(0, 0, 0, 0))


def test_held_out_text_is_read_once_in_its_order_and_the_same_every_time():
    held = contexts.held_out(corpus(list(range(11)), [11, 12]), "test", Rules(3, 0.0, 8))
    first, second = list(held), list(held)
    words = np.concatenate([batch["word"][batch["mask"] > 0] for batch in first])
    assert words.tolist() == list(range(13))
    assert all(np.array_equal(a[name], b[name]) for a, b in zip(first, second, strict=True) for name in a)
    assert by_sentence(first[1]) == [[8, 9, 10], [11, 12]]


def test_a_missing_split_has_no_batches():
    assert list(contexts.held_out(corpus([0, 1]), "validation", Rules(3, 0.0, 8))) == []
