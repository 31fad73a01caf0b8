"""How much of a text its words cover: what a pattern misses, and phrases that it matches as one word."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
import regex

LONGEST_WORD = 1_000  # characters; longer matches are not words of any language
NOTED = 0.2  # fraction of the text from which a note is given
# Phrases in scripts that put no spaces between words. Single words in these scripts are shorter, so that segmented
# text has few matches. Thai and related scripts write vowels and tones as separate characters.
_UNSPACED = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}ー]{5,}|[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]{15,}",
)


@dataclasses.dataclass(frozen=True)
class Coverage:
    """Counts of the characters of a text that are not white space.

    Attributes:
        visible: all of them.
        matched: those that are part of a word.
        unspaced: those of words that are whole phrases, in scripts without spaces between words.
        overlong: the number of different words that are longer than `LONGEST_WORD` and dropped.
    """

    visible: int
    matched: int
    unspaced: int
    overlong: int

    @classmethod
    def of(cls, words: Sequence[str], counts: np.ndarray, visible: int) -> Coverage:
        """Measure a text.

        Args:
            words: the different words.
            counts: occurrences of each word in the text, int [word].
            visible: number of characters of the normalized text that are not white space.
        """
        lengths = np.fromiter(map(len, words), np.int64, len(words))
        phrases = np.fromiter((not word.isascii() and bool(_UNSPACED.search(word)) for word in words), bool, len(words))
        return cls(
            visible=visible,
            matched=int(lengths @ counts),
            unspaced=int((lengths * phrases) @ counts),
            overlong=int(((lengths > LONGEST_WORD) & (counts > 0)).sum()),
        )

    def notes(self, pattern: str) -> Iterator[str]:
        """Yield a sentence for each thing that the user should check."""
        if (missed := 1 - self.matched / max(self.visible, 1)) > NOTED:
            yield (
                f"--pattern {pattern!r} misses {missed:.0%} of the characters of the training text: check that it "
                "fits the language"
            )
        if self.overlong:
            yield f"{self.overlong:,} different words of more than {LONGEST_WORD:,} characters are dropped"
        if phrases := self._phrases():
            yield phrases

    def remedy(self) -> str:
        """Return what to do if no words are found, or "" if nothing is known."""
        if self.overlong:
            return f"give a --pattern that matches words of at most {LONGEST_WORD:,} characters"
        return self._phrases()

    def _phrases(self) -> str:
        if self.unspaced <= NOTED * self.visible:
            return ""
        return (
            f"{self.unspaced / self.visible:.0%} of the text is in a script without spaces between words, so that "
            r"whole phrases count as words: give text that is segmented into words, or --pattern '\w' for single "
            "characters, or train a subword tokenizer (dlcli train tokenizer)"
        )
