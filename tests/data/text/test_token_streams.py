from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from dlcli.data.text import sets, token_batches, token_streams, tokenizers
from dlcli.data.text.sets import Documents, TextSet
from dlcli.data.text.token_batches import TextFacts
from dlcli.data.text.tokenizers import END, PADDING, UNKNOWN
from dlcli.errors import DatasetError
from dlcli.notices import Notice

TEXT = "".join(random.Random(0).choices("abcdefghij klm\n", k=997))  # of a length no batch divides
LINES = [f"text number {number} of the set" for number in range(37)]


CUT = pytest.mark.filterwarnings("ignore:.*longer than the model reads:dlcli.notices.Notice")


@pytest.fixture
def raw():
    """A raw text and its tokenizer, whose tokens are characters."""
    texts = TextSet("raw.txt", {"train": Documents([TEXT]), "validation": Documents([TEXT[::-1][:101]])})
    return texts, tokenizers.train("characters", 40, [TEXT])


@pytest.fixture
def labelled():
    """Labelled texts of six words each, but for one that is longer and one without any."""
    texts = [*LINES, "a b c d e f g h i j", "\x01"]
    parts = {name: Documents(texts, np.arange(len(texts), dtype=np.int32) % 3) for name in ("train", "validation")}
    return TextSet("set.tsv", parts, ("a", "b", "c")), tokenizers.train("words", 200, texts)


def take(iterator, count):
    return [batch for batch, _ in zip(iterator, range(count), strict=False)]


def same(left, right):
    return left.keys() == right.keys() and all(np.array_equal(left[name], right[name]) for name in left)


def test_a_stream_is_the_documents_each_after_an_end():
    texts = TextSet("two", {"train": Documents(["ab", "b"])})
    tokenizer = tokenizers.train("characters", 6, ["abb"])
    found = token_streams.stream(texts, "train", tokenizer)
    assert found.ids.tolist() == [END, 5, 4, END, 4]
    assert [each.tolist() for each in found.documents()] == [[1, 4], [2, 1]]
    assert (found.targets, found.characters) == (4, 3)


def test_large_vocabularies_take_four_bytes_a_token(raw, monkeypatch):
    texts, tokenizer = raw
    assert token_streams.stream(texts, "train", tokenizer).ids.dtype == np.uint16
    many = tokenizers.train("characters", 70_000, ["".join(map(chr, [*range(1, 0xD800), *range(0xE000, 0x14000)]))])
    assert token_streams.stream(texts, "train", many).ids.dtype == np.uint32


def test_tokens_are_prepared_once_and_mapped_from_the_cache(raw, monkeypatch):
    texts, tokenizer = raw
    first = token_streams.stream(texts, "train", tokenizer).ids
    monkeypatch.setattr(tokenizer, "encode_all", lambda texts: pytest.fail("encoded again"))
    again = token_streams.stream(texts, "train", tokenizer).ids
    assert np.array_equal(first, again)
    assert isinstance(again.base, np.memmap)


@pytest.mark.parametrize("spoil", [lambda ids: ids[:-2], lambda ids: b"\0\0" + ids[2:], lambda ids: b""])
def test_a_damaged_entry_is_made_anew(raw, cache_folder, spoil):
    texts, tokenizer = raw
    first = np.array(token_streams.stream(texts, "train", tokenizer).ids)
    [path] = cache_folder.glob("tokens-*.ids")
    path.write_bytes(spoil(path.read_bytes()))
    assert np.array_equal(token_streams.stream(texts, "train", tokenizer).ids, first)


def test_other_text_has_other_tokens_and_takes_the_place_of_unused_ones(raw, cache_folder, two_hours_pass):
    texts, tokenizer = raw
    token_streams.stream(texts, "train", tokenizer)
    two_hours_pass()
    changed = TextSet("raw.txt", {"train": Documents([TEXT[::-1]])})
    assert tokenizer.decode(token_streams.stream(changed, "train", tokenizer).ids) == TEXT[::-1]
    assert len(list(cache_folder.glob("tokens-*.ids"))) == 1


DYING = """
import os, signal, sys
from dlcli.data import cache
from dlcli.data.text import sets, token_streams, tokenizers
token_streams._BUFFER = 100
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
def dying(*given):
    for number, part in enumerate(parts(*given)):
        yield die() if str(number) == sys.argv[1] else part
parts, token_streams._parts = token_streams._parts, dying
if sys.argv[1] == "record":
    cache.seal = die
texts = sets.open("many.tsv")
token_streams.stream(texts, "train", tokenizers.train("characters", 40, texts.splits["train"].texts))
"""


@pytest.mark.parametrize("moment", ["0", "3", "record"])
def test_what_a_killed_process_left_behind_is_made_anew(tmp_path, moment):
    (tmp_path / "many.tsv").write_text("".join(f"a\t{line}\n" for line in LINES))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", DYING, moment], cwd=tmp_path, env=environment, capture_output=True)
    assert done.returncode == -9, done.stderr
    texts = sets.open("many.tsv")
    tokenizer = tokenizers.train("characters", 40, texts.splits["train"].texts)
    expected = np.concatenate([[END, *tokenizer.encode(each)] for each in texts.splits["train"].texts])
    assert np.array_equal(token_streams.stream(texts, "train", tokenizer).ids, expected)


@pytest.mark.parametrize("build", [token_batches.windows, token_batches.rows])
def test_batches_are_a_function_of_the_seed_and_the_step(raw, build):
    data, other = (build(*raw, batch_size=4, time=16, seed=seed) for seed in (0, 1))
    whole = take(data.train_from(0), 40)
    assert all(same(left, right) for left, right in zip(whole[13:], take(data.train_from(13), 27), strict=True))
    assert not all(same(left, right) for left, right in zip(whole, other.train_from(0), strict=False))


def test_windows_are_pieces_of_the_text(raw):
    texts, tokenizer = raw
    data = token_batches.windows(texts, tokenizer, batch_size=8, time=16, seed=0)
    for batch in take(data.train_from(0), 20):
        assert batch["tokens"].shape == (8, 17)
        assert batch["tokens"].dtype == np.int32
        assert all(tokenizer.decode(row) in TEXT for row in batch["tokens"])


def test_windows_reach_the_first_token_and_the_last(raw):
    seen = [b["tokens"] for b in take(token_batches.windows(*raw, batch_size=64, time=990, seed=0).train_from(0), 10)]
    starts = {tuple(row[:5]) for batch in seen for row in batch}
    assert len(starts) == len(TEXT) + 1 - 990
    assert any(row[0] == END for batch in seen for row in batch)


def test_rows_read_on_where_they_stopped_and_say_where_they_do_not(raw):
    texts, tokenizer = raw
    data = token_batches.rows(texts, tokenizer, batch_size=4, time=16, seed=0)
    batches = take(data.train_from(0), 35)
    for before, after in itertools.pairwise(batches):
        assert np.array_equal(before["tokens"][:, -1], after["tokens"][:, 0]) or after["restart"].all()
        assert after["restart"].all() == after["restart"].any()
    places = [number for number, batch in enumerate(batches) if batch["restart"].all()]
    assert places == [0, 15, 30]
    assert data.sizes["train"] == 15 * 4


def test_an_epoch_of_rows_sees_no_target_twice_and_nearly_all(raw):
    texts, tokenizer = raw
    stream = np.asarray(token_streams.stream(texts, "train", tokenizer).ids)
    numbered = TextSet("numbers", {"train": Documents([TEXT]), "validation": Documents([TEXT])})
    data = token_batches.rows(numbered, tokenizer, batch_size=4, time=16, seed=0)
    rows = np.concatenate([batch["tokens"][:, 1:] for batch in take(data.train_from(0), 15)], axis=1)
    starts = ["".join(map(chr, row)) for row in rows]
    whole = "".join(map(chr, stream))
    found = [whole.index(row) for row in starts]
    assert all(left + len(starts[0]) <= right for left, right in itertools.pairwise(found))
    assert 4 * len(starts[0]) > len(TEXT) - 4 * 16 - 16


@pytest.mark.parametrize("build", [token_batches.windows, token_batches.rows])
@pytest.mark.parametrize(("batch_size", "time"), [(1, 7), (4, 16), (3, 100), (7, 101)])
def test_held_out_tokens_are_each_a_target_once(raw, build, batch_size, time):
    texts, tokenizer = raw
    data = build(texts, tokenizer, batch_size=batch_size, time=time, seed=0)
    batches = list(data.validation)
    assert {batch["tokens"].shape for batch in batches} == {(batch_size, time + 1)}
    assert {batch["mask"].shape for batch in batches} == {(batch_size, time)}
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


def test_held_out_rows_carry_from_batch_to_batch(raw):
    first, *others = list(token_batches.rows(*raw, batch_size=4, time=8, seed=0).validation)
    assert first["restart"].all()
    assert not any(batch["restart"].any() for batch in others)
    for before, after in itertools.pairwise([first, *others]):
        goes_on = after["mask"][:, 0] == 1
        assert np.array_equal(before["tokens"][goes_on, -1], after["tokens"][goes_on, 0])


def test_padding_is_masked_in_inputs_and_targets(raw):
    for batch in token_batches.windows(*raw, batch_size=7, time=30, seed=0).validation:
        assert np.array_equal(batch["tokens"][:, 1:] == PADDING, batch["mask"] == 0)


def test_a_set_without_a_test_part_is_tested_on_validation(raw):
    data = token_batches.windows(*raw, batch_size=2, time=16, seed=0)
    assert all(same(left, right) for left, right in zip(data.test, data.validation, strict=True))


@CUT
def test_the_test_part_is_opened_when_it_is_read(labelled, monkeypatch):
    texts, tokenizer = labelled
    texts = TextSet(texts.name, {**texts.splits, "test": Documents(["the test"], np.zeros(1, np.int32))}, texts.classes)
    opened = []
    stream = token_streams.stream
    monkeypatch.setattr(
        token_streams, "stream", lambda texts, split, _: opened.append(split) or stream(texts, split, _)
    )
    for build in (token_batches.windows, token_batches.rows, token_batches.classification):
        data = build(texts, tokenizer, batch_size=4, time=5, seed=0)
        list(data.validation)
        assert "test" not in opened
        assert list(data.test)
        assert opened.pop() == "test"


@pytest.mark.parametrize("build", [token_batches.windows, token_batches.rows])
def test_too_little_text_is_refused_with_what_would_do(raw, build):
    with pytest.raises(DatasetError, match=r"must have [\d,]+ tokens or more, and has 997") as raised:
        build(*raw, batch_size=4, time=998, seed=0)
    assert "--context" in raised.value.hint


@CUT
def test_texts_are_cut_and_filled_up_with_padding(labelled):
    texts, tokenizer = labelled
    [batch] = list(token_batches.classification(texts, tokenizer, batch_size=64, time=8, seed=0).validation)
    for row, (each, label) in enumerate(zip(texts.splits["train"].texts, texts.splits["train"].labels, strict=True)):
        ids = tokenizer.encode(each).tolist()[:8] or [UNKNOWN]
        assert batch["tokens"][row].tolist() == ids + [PADDING] * (8 - len(ids))
        assert (batch["length"][row], batch["label"][row], batch["mask"][row]) == (len(ids), label, 1)
    assert batch["mask"][len(texts.splits["train"]) :].sum() == 0


def test_a_classifier_counts_the_texts_that_are_cut_in_the_splits_that_are_read(labelled):
    texts, tokenizer = labelled
    lengths = {name: [len(tokenizer.encode(each)) for each in split.texts] for name, split in texts.splits.items()}
    cut = {name: f"{sum(length > 8 for length in each)} of {len(each)}" for name, each in lengths.items()}
    longest = max(lengths["train"] + lengths["validation"])
    with pytest.warns(Notice) as notes:
        token_batches.classification(texts, tokenizer, batch_size=64, time=8, seed=0)
    assert [str(note.message) for note in notes] == [
        f"{cut['train']} training and {cut['validation']} validation texts are longer than the model reads, and are "
        f"cut at 8 tokens; the longest has {longest}: a larger --context reads more"
    ]
    trained = token_batches.classification(texts, tokenizer, batch_size=64, time=8, seed=0, trained=True)
    with pytest.warns(Notice) as notes:
        list(trained.test)
    assert [str(note.message) for note in notes] == [
        f"{cut[texts.measured]} {texts.measured} texts are longer than the model reads, and are cut at 8 tokens"
    ]


def test_texts_as_long_as_the_context_are_not_noted(labelled):
    texts, tokenizer = labelled
    longest = max(len(tokenizer.encode(each)) for split in texts.splits.values() for each in split.texts)
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        list(token_batches.classification(texts, tokenizer, batch_size=64, time=longest, seed=0).validation)
    assert not notes


@CUT
def test_an_epoch_of_texts_sees_each_once(labelled):
    texts, tokenizer = labelled
    data = token_batches.classification(texts, tokenizer, batch_size=13, time=8, seed=3)
    rows = [tuple(row) for batch in take(data.train_from(0), 3) for row in batch["tokens"]]
    assert sorted(rows) == sorted(
        tuple(row) for batch in data.validation for row in batch["tokens"][batch["mask"] == 1]
    )


def test_texts_without_labels_cannot_be_classified(raw):
    with pytest.raises(DatasetError, match="must have labels to be classified"):
        token_batches.classification(*raw, batch_size=2, time=4, seed=0)


@CUT
def test_facts_bring_the_tokenizer_back_and_refuse_another(labelled):
    texts, tokenizer = labelled
    facts = token_batches.classification(texts, tokenizer, batch_size=4, time=8, seed=0).facts
    again = TextFacts.model_validate_json(facts.model_dump_json())
    assert again == facts
    assert again.load().digest == tokenizer.digest
    for changes in ({"vocabulary": 7}, {"tokenizer": "{}"}, {"tokenizer": "["}):
        with pytest.raises(ValueError, match="tokenizer"):
            TextFacts.model_validate({**facts.model_dump(), **changes})


def test_tiny_shakespeare_by_characters_is_nanogpts(shared_data):
    texts = sets.open(str(shared_data / "text" / "tinyshakespeare.txt"))
    tokenizer = tokenizers.resolve("characters", 256, texts.splits["train"])
    data = token_batches.windows(texts, tokenizer, batch_size=12, time=64, seed=0)
    assert sum(batch["mask"].sum() for batch in data.validation) == 111_540
    assert len(tokenizer) == 4 + 65
