"""How close generated texts are to those that were wanted: BLEU and chrF, by sacrebleu.

References: Papineni et al., "BLEU: a Method for Automatic Evaluation of Machine Translation", 2002; Popović, "chrF:
character n-gram F-score for automatic MT evaluation", 2015; Post, "A Call for Clarity in Reporting BLEU Scores", 2018,
arXiv:1804.08771, for the signatures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def scores(generated: Sequence[str], wanted: Sequence[str]) -> dict[str, Any]:
    """Return `bleu` and `chrf` of a corpus, each with its `value` in 0 … 100, the count `n` and its `signature`.

    BLEU compares up to four words in a row: where no wanted text has as many, its value is None.
    """
    from sacrebleu.metrics.bleu import BLEU  # here, since nothing else needs it
    from sacrebleu.metrics.chrf import CHRF

    bleu = BLEU(force=True)  # otherwise it logs a warning where texts end in " ."
    found: dict[str, Any] = {}
    for name, measure in (("bleu", bleu), ("chrf", CHRF())):
        value = measure.corpus_score(list(generated), [list(wanted)]).score
        found[name] = {"value": value, "n": len(wanted), "signature": str(measure.get_signature())}
    if not any(len(bleu.tokenizer(text).split()) >= bleu.max_ngram_order for text in wanted):
        found["bleu"]["value"] = None
    return found
