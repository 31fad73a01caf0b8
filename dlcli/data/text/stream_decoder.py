"""Turns tokens into text while they come."""

from __future__ import annotations

from dlcli.data.text.tokenizers import Tokenizer

_HALF = "�"  # what a character decodes to, some of whose bytes are still to come


class Writer:
    """Gives out the text of a growing row of tokens piece by piece; all pieces together are the text of the row."""

    def __init__(self, tokenizer: Tokenizer):
        self._tokenizer = tokenizer
        self._tokens: list[int] = []
        # The text of a token can depend on those before it, by a space between words. So the last tokens that were
        # given out are decoded along: those from `_from` on, of which `_given` are out.
        self._from, self._given = 0, 0

    def add(self, token: int) -> str:
        """Take a token in; return what is new of the text and can no longer change."""
        self._tokens.append(token)
        before, now = self._decoded(self._given), self._decoded(len(self._tokens))
        if now.endswith(_HALF) or len(now) <= len(before):
            return ""
        self._from, self._given = self._given, len(self._tokens)
        return now[len(before) :]

    def close(self) -> str:
        """Return what was held back: bytes that are no whole character."""
        before, now = self._decoded(self._given), self._decoded(len(self._tokens))
        return now[len(before) :]

    def _decoded(self, end: int) -> str:
        return self._tokenizer.decode(self._tokens[self._from : end])
