"""Decoding of tokens one by one, as they are sampled."""

from __future__ import annotations

from dlcli.data.text.tokenizer import Tokenizer

_INCOMPLETE = "�"  # what a character decodes to while some of its bytes are missing


class StreamDecoder:
    """Decodes a growing sequence of tokens piece by piece; the pieces concatenate to the text of the sequence."""

    def __init__(self, tokenizer: Tokenizer):
        self._tokenizer = tokenizer
        self._tokens: list[int] = []
        # The text of a token can depend on the tokens before it, for example on a space between words. The tokens of
        # the last piece, from `_context` to `_returned`, are therefore decoded together with the new ones.
        self._context, self._returned = 0, 0

    def add(self, token: int) -> str:
        """Append a token; return the new text that later tokens cannot change."""
        self._tokens.append(token)
        before, now = self._decoded(self._returned), self._decoded(len(self._tokens))
        if now.endswith(_INCOMPLETE) or len(now) <= len(before):
            return ""
        self._context, self._returned = self._returned, len(self._tokens)
        return now[len(before) :]

    def close(self) -> str:
        """Return the remaining text: bytes that form no complete character."""
        before, now = self._decoded(self._returned), self._decoded(len(self._tokens))
        return now[len(before) :]

    def _decoded(self, end: int) -> str:
        return self._tokenizer.decode(self._tokens[self._context : end])
