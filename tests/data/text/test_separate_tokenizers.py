"""One tokenizer for sources and one for targets."""

import json

import numpy as np
import pytest

from dlcli.data.text import tokenizers
from dlcli.data.text.vocabularies import SPECIAL

SOURCES = ["ein Hund läuft", "zwei Hunde laufen", "die Katze schläft"] * 4
TARGETS = ["a dog runs", "two dogs run", "the cat sleeps"] * 4


@pytest.fixture(scope="module", params=["characters", "words", "bpe"])
def both(request):
    return tokenizers.resolve_separate(request.param, 300, SOURCES, TARGETS)


def test_sources_have_the_ids_of_their_own_tokenizer(both):
    own = tokenizers.train(both.kind, 300, SOURCES)
    for found, expected in zip(both.encode_all(SOURCES), own.encode_all(SOURCES), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_no_entry_is_shared_by_sources_and_targets_but_the_special_tokens(both):
    [source], [target] = both.encode_all(["die Katze"]), both.encode_targets(["the cat"])
    assert not set(source.tolist()) & set(target.tolist())
    assert both.entries[: len(SPECIAL)] == tuple(SPECIAL)
    assert max(target) < len(both)


def test_targets_are_decoded_to_the_text_that_was_encoded(both):
    for text, ids in zip(TARGETS, both.encode_targets(TARGETS), strict=True):
        assert both.decode([both.special.start, *ids, both.special.end]) == text
    assert both.decode(both.encode(SOURCES[0])) == SOURCES[0]


def test_pieces_are_named_by_the_tokenizer_that_they_are_of(both):
    [ids] = both.encode_targets(["the cat"])
    own = tokenizers.train(both.kind, 300, TARGETS)
    assert both.pieces(ids) == own.pieces(own.encode("the cat"))


def test_their_json_gives_the_same_tokenizers(both):
    again = tokenizers.from_json(both.to_json())
    assert again.entries == both.entries
    assert again.digest == both.digest
    np.testing.assert_array_equal(next(again.encode_targets(["two dogs"])), next(both.encode_targets(["two dogs"])))


def test_a_pair_of_pairs_is_malformed(both):
    parts = json.loads(both.to_json())
    with pytest.raises(ValueError, match="must be two"):
        tokenizers.from_json(json.dumps({"source": parts, "target": parts["target"]}))
