import json

import pytest

from dlcli.data.text import tokenizers
from dlcli.errors import DatasetError, RunError
from dlcli.figures.options.text import Subwords
from tests.reading import draw

TEXTS = ("Where is the harbour", "naïve Ω")


@pytest.fixture
def of_kind(tokenizer_run, tmp_path):
    """Save a tokenizer of a kind in a run folder; return it and the options of its figure."""
    for file in ("run.json", "options.json"):
        (tmp_path / file).write_text((tokenizer_run / file).read_text())

    def make(kind, **options):
        made = tokenizers.train(kind, 300, ["Where is the harbour of Oslo?", "Who was the mayor?"])
        (tmp_path / "tokenizer.json").write_text(made.to_json())
        return made, Subwords(run=str(tmp_path), **options)

    return make


@pytest.mark.parametrize("kind", tokenizers.KINDS)
def test_the_boxes_are_the_tokens_of_each_text(of_kind, kind):
    tokenizer, options = of_kind(kind, text=TEXTS)
    rows = draw(options).numbers["texts"]
    assert [row["text"] for row in rows] == list(TEXTS)
    for row in rows:
        assert [token["id"] for token in row["tokens"]] == tokenizer.encode(row["text"]).tolist()
        assert [token["token"] for token in row["tokens"]] == tokenizer.pieces(tokenizer.encode(row["text"]))


def test_words_are_sorted_from_frequent_to_rare(tokenizer_run):
    rows = draw(Subwords(run=str(tokenizer_run), count=6)).numbers["texts"]
    counts = [row["count"] for row in rows]
    assert len(rows) == 6
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1] >= 1


def test_a_frequent_word_is_one_token_with_its_space(tokenizer_run):
    first = draw(Subwords(run=str(tokenizer_run), count=1)).numbers["texts"][0]
    assert [token["token"] for token in first["tokens"]] == [f"␣{first['text']}"]


def test_unknown_tokens_are_explained_in_the_note(of_kind):
    _, options = of_kind("words", text=("Who was", "unseen"))
    assert "not in the vocabulary" in " ".join(draw(options).sketch(80, False))
    _, options = of_kind("words", text=("Who was",))
    assert "not in the vocabulary" not in " ".join(draw(options).sketch(80, False))


def test_the_terminal_shows_every_token_with_its_id(of_kind):
    tokenizer, options = of_kind("bpe", text=TEXTS)
    shown = "\n".join(draw(options).sketch(60, False))
    for text in TEXTS:
        ids = tokenizer.encode(text)
        assert all(f"{piece}" in shown for piece in tokenizer.pieces(ids))
        assert all(str(number) in shown for number in ids)


def test_a_run_without_a_tokenizer_is_rejected(of_kind, tmp_path):
    _, options = of_kind("characters", text=("a",))
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(RunError, match="must be a tokenizer"):
        draw(options)


def test_a_validation_split_without_words_is_rejected(of_kind, tmp_path):
    _, options = of_kind("characters")
    (tmp_path / "numbers.txt").write_text("1 2 3 4 5 6 7 8 9 0 " * 5)
    options_file = tmp_path / "options.json"
    options_file.write_text(
        json.dumps({**json.loads(options_file.read_text()), "dataset": str(tmp_path / "numbers.txt")})
    )
    with pytest.raises(DatasetError, match="give --text"):
        draw(options)
