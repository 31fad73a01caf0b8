import pytest

from dlcli.data.text import tokenizers
from dlcli.data.text.stream_decoder import StreamDecoder

TEXTS = ["One, two! One, two! And through and through", "naïve café — snicker-snack! 🦜 ❤️ 本"]


@pytest.mark.parametrize("kind", tokenizers.KINDS)
def test_the_pieces_concatenate_to_the_text_of_the_tokens(kind):
    tokenizer = tokenizers.train(kind, 300, TEXTS)
    for text in TEXTS:
        tokens, decoder = tokenizer.encode(text), StreamDecoder(tokenizer)
        pieces = [decoder.add(int(token)) for token in tokens] + [decoder.close()]
        assert "".join(pieces) == tokenizer.decode(tokens)


def test_no_piece_contains_a_partial_character():
    tokenizer = tokenizers.train("bpe", 260, TEXTS)
    decoder = StreamDecoder(tokenizer)
    pieces = [decoder.add(int(token)) for token in tokenizer.encode("a🦜b")]
    assert [piece for piece in pieces if piece] == ["a", "🦜", "b"]


def test_incomplete_characters_are_returned_at_the_end():
    tokenizer = tokenizers.train("bpe", 260, TEXTS)
    decoder = StreamDecoder(tokenizer)
    first = tokenizer.encode("🦜")[0]
    assert decoder.add(int(first)) == ""
    assert decoder.close() == "�"
