from __future__ import annotations

import warnings

import numpy as np
import pytest

from dlcli.data.text import labelled_batches, token_streams
from dlcli.data.text.facts import TextFacts
from dlcli.data.text.sets import Documents, TextSet
from dlcli.data.text.tokenizers import PADDING, UNKNOWN
from dlcli.errors import DatasetError
from dlcli.notices import Notice

TRUNCATED = pytest.mark.filterwarnings("ignore:.*too long and truncated:dlcli.notices.Notice")


def take(iterator, count):
    return [batch for batch, _ in zip(iterator, range(count), strict=False)]


@TRUNCATED
def test_the_test_split_is_tokenized_when_it_is_iterated(labelled, monkeypatch):
    texts, tokenizer = labelled
    texts = TextSet(texts.name, {**texts.splits, "test": Documents(["the test"], np.zeros(1, np.int32))}, texts.classes)
    opened = []
    stream = token_streams.stream
    monkeypatch.setattr(
        token_streams, "stream", lambda texts, split, _: opened.append(split) or stream(texts, split, _)
    )
    data = labelled_batches.classification(texts, tokenizer, batch_size=4, context=5, seed=0)
    list(data.validation)
    assert "test" not in opened
    assert list(data.test)
    assert opened.pop() == "test"


@TRUNCATED
def test_texts_are_truncated_or_padded_to_the_context(labelled):
    texts, tokenizer = labelled
    [batch] = list(labelled_batches.classification(texts, tokenizer, batch_size=64, context=8, seed=0).validation)
    for row, (each, label) in enumerate(zip(texts.splits["train"].texts, texts.splits["train"].labels, strict=True)):
        ids = tokenizer.encode(each).tolist()[:8] or [UNKNOWN]
        assert batch["tokens"][row].tolist() == ids + [PADDING] * (8 - len(ids))
        assert (batch["length"][row], batch["label"][row], batch["mask"][row]) == (len(ids), label, 1)
    assert batch["mask"][len(texts.splits["train"]) :].sum() == 0


def test_a_note_counts_the_truncated_texts_of_each_split_that_is_read(labelled):
    texts, tokenizer = labelled
    lengths = {name: [len(tokenizer.encode(each)) for each in split.texts] for name, split in texts.splits.items()}
    truncated = {name: f"{sum(length > 8 for length in each)} of {len(each)}" for name, each in lengths.items()}
    longest = max(lengths["train"] + lengths["validation"])
    with pytest.warns(Notice) as notes:
        labelled_batches.classification(texts, tokenizer, batch_size=64, context=8, seed=0)
    assert [str(note.message) for note in notes] == [
        f"{truncated['train']} training and {truncated['validation']} validation texts are too long and "
        f"truncated to 8 tokens; the longest has {longest} tokens: a larger --context reads more"
    ]
    trained = labelled_batches.classification(texts, tokenizer, batch_size=64, context=8, seed=0, trained=True)
    with pytest.warns(Notice) as notes:
        list(trained.test)
    assert [str(note.message) for note in notes] == [
        f"{truncated[texts.test_split]} {texts.test_split} texts are too long and truncated to 8 tokens"
    ]


def test_texts_as_long_as_the_context_are_not_counted_as_truncated(labelled):
    texts, tokenizer = labelled
    longest = max(len(tokenizer.encode(each)) for split in texts.splits.values() for each in split.texts)
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        list(labelled_batches.classification(texts, tokenizer, batch_size=64, context=longest, seed=0).validation)
    assert not notes


@TRUNCATED
def test_an_epoch_contains_each_text_once(labelled):
    texts, tokenizer = labelled
    data = labelled_batches.classification(texts, tokenizer, batch_size=13, context=8, seed=3)
    rows = [tuple(row) for batch in take(data.train_from(0), 3) for row in batch["tokens"]]
    assert sorted(rows) == sorted(
        tuple(row) for batch in data.validation for row in batch["tokens"][batch["mask"] == 1]
    )


def test_texts_without_labels_cannot_be_classified(raw):
    with pytest.raises(DatasetError, match="must have labels to be classified"):
        labelled_batches.classification(*raw, batch_size=2, context=4, seed=0)


@TRUNCATED
def test_facts_round_trip_the_tokenizer(labelled):
    texts, tokenizer = labelled
    facts = labelled_batches.classification(texts, tokenizer, batch_size=4, context=8, seed=0).facts
    again = TextFacts.model_validate_json(facts.model_dump_json())
    assert again == facts
    assert again.load().digest == tokenizer.digest
    for changes in ({"vocabulary": 7}, {"tokenizer": "{}"}, {"tokenizer": "["}):
        with pytest.raises(ValueError, match="tokenizer"):
            TextFacts.model_validate({**facts.model_dump(), **changes})


@TRUNCATED
def test_a_training_batch_is_narrower_than_the_context(labelled):
    texts, tokenizer = labelled
    data = labelled_batches.classification(texts, tokenizer, batch_size=2, context=64, seed=0, length_buckets=64)
    widths = set()
    for batch in take(data.train_from(0), 20):
        assert batch["tokens"].shape[1] >= batch["length"].max()
        widths.add(batch["tokens"].shape[1])
    assert max(widths) < 64
