"""BLEU and chrF of generated texts against their references, by sacrebleu.

References: Papineni et al., "BLEU: a Method for Automatic Evaluation of Machine Translation", 2002; Popović, "chrF:
character n-gram F-score for automatic MT evaluation", 2015; Post, "A Call for Clarity in Reporting BLEU Scores", 2018,
arXiv:1804.08771, for the signatures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def scores(generated: Sequence[str], references: Sequence[str]) -> dict[str, Any]:
    """Return `bleu` and `chrf` of a corpus, each with its `value` in 0 … 100, the count `n` and its `signature`.

    BLEU compares n-grams of up to four words; if no reference has four words, its value is None.
    """
    from sacrebleu.metrics.bleu import BLEU  # a slow import
    from sacrebleu.metrics.chrf import CHRF

    bleu = BLEU(force=True)  # otherwise it logs a warning for texts that end in " ."
    found: dict[str, Any] = {}
    for name, measure in (("bleu", bleu), ("chrf", CHRF())):
        value = measure.corpus_score(list(generated), [list(references)]).score
        found[name] = {"value": value, "n": len(references), "signature": str(measure.get_signature())}
    if not any(len(bleu.tokenizer(text).split()) >= bleu.max_ngram_order for text in references):
        found["bleu"]["value"] = None
    return found
