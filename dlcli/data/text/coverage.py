"""How much of a text its words are: what a pattern misses, and what it takes for one word and is many."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import regex

LONGEST_WORD = 1_000  # characters; what is longer is no word of any language
NOTED = 0.2  # share of the text from which on a note is due
# Phrases of scripts that put no spaces between words. Single words of these are shorter: text that was segmented has
# few of them. Thai and its kin count vowels and tones as characters of their own.
_UNSPACED = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}ー]{5,}|[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]{15,}",
)


@dataclasses.dataclass(frozen=True)
class Coverage:
    """What became of the characters of a text that are not white space.

    Attributes:
        visible: how many there are.
        matched: those that are part of a word.
        unspaced: those of words that are whole phrases, in scripts that put no spaces between words.
        overlong: different words that are too long to be one, and are left out.
    """

    visible: int
    matched: int
    unspaced: int
    overlong: int

    @classmethod
    def of(cls, words: Sequence[str], counts: np.ndarray, texts: Iterable[str]) -> Coverage:
        """Measure a text.

        Args:
            words: the different ones.
            counts: how often each stands in the text, int [word].
            texts: the text, in the form that its words were found in.
        """
        lengths = np.fromiter(map(len, words), np.int64, len(words))
        phrases = np.fromiter((not word.isascii() and bool(_UNSPACED.search(word)) for word in words), bool, len(words))
        return cls(
            visible=sum(len(part) for text in texts for part in text.split()),
            matched=int(lengths @ counts),
            unspaced=int((lengths * phrases) @ counts),
            overlong=int(((lengths > LONGEST_WORD) & (counts > 0)).sum()),
        )

    def notes(self, pattern: str) -> Iterator[str]:
        """Yield a sentence on each thing that the user should know of."""
        if (missed := 1 - self.matched / max(self.visible, 1)) > NOTED:
            yield (
                f"{missed:.0%} of the training text's characters are part of no word, as --pattern {pattern!r} has "
                "them: see to it that it fits the language"
            )
        if self.overlong:
            yield f"words of more than {LONGEST_WORD:,} characters are left out: {self.overlong:,} different ones"
        if phrases := self._phrases():
            yield phrases

    def remedy(self) -> str:
        """Return what to do where there are no words to learn, or nothing."""
        if self.overlong:
            return f"give a --pattern that cuts the text into words of at most {LONGEST_WORD:,} characters"
        return self._phrases()

    def _phrases(self) -> str:
        if self.unspaced <= NOTED * self.visible:
            return ""
        return (
            f"{self.unspaced / self.visible:.0%} of the text is in a script without spaces between words, so that "
            r"whole phrases count as words: give text that is segmented into words, or --pattern '\w' for single "
            "characters; a subword tokenizer (dlcli train tokenizer) needs no words"
        )
