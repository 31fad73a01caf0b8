import pytest

from dlcli.data.text import tokenizers
from dlcli.data.text.stream_decoder import Writer

TEXTS = ["One, two! One, two! And through and through", "naïve café — snicker-snack! 🦜 ❤️ 本"]


@pytest.mark.parametrize("kind", tokenizers.KINDS)
def test_the_pieces_together_are_the_text_of_the_tokens(kind):
    tokenizer = tokenizers.train(kind, 300, TEXTS)
    for text in TEXTS:
        tokens, writer = tokenizer.encode(text), Writer(tokenizer)
        pieces = [writer.add(int(token)) for token in tokens] + [writer.close()]
        assert "".join(pieces) == tokenizer.decode(tokens)


def test_no_piece_holds_a_part_of_a_character():
    tokenizer = tokenizers.train("bpe", 260, TEXTS)
    writer = Writer(tokenizer)
    pieces = [writer.add(int(token)) for token in tokenizer.encode("a🦜b")]
    assert [piece for piece in pieces if piece] == ["a", "🦜", "b"]


def test_bytes_that_never_become_a_character_come_at_the_end():
    tokenizer = tokenizers.train("bpe", 260, TEXTS)
    writer = Writer(tokenizer)
    first = tokenizer.encode("🦜")[0]
    assert writer.add(int(first)) == ""
    assert writer.close() == "�"
