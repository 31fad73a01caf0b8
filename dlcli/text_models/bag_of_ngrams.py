"""The linear baseline of text classification: a bag of words and word pairs."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from dlcli.data.text.sets import TextSet
from dlcli.metrics.intervals import wilson

log = logging.getLogger(__name__)

_REGULARIZATION = (1.0, 10.0, 100.0)  # inverse strengths of l2; the validation split decides
_ITERATIONS = 1000  # of L-BFGS at most


def accuracy(texts: TextSet, split: str) -> dict[str, Any]:
    """Fit logistic regression to the TF-IDF of words and word pairs, and return its accuracy as a described `Rate`.

    The order of words counts within pairs only, so what a deeper model adds is the accuracy above this one's. Words
    have lower case, and term frequencies are logarithmic. The strength of the l2 penalty is the best of three on the
    validation split. Deterministic.

    References: Wang and Manning, "Baselines and Bigrams", 2012; Joulin et al., "Bag of Tricks for Efficient Text
    Classification", 2017, arXiv:1607.01759, for word pairs as the baseline of deep networks.

    Args:
        texts: with classes; `train` fits the model.
        split: that is measured.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    train, validation, measured = (texts.splits[name] for name in ("train", "validation", split))
    log.info("fitting a bag of n-grams: %s texts", f"{len(train):,}")
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\w+|[^\w\s]")
    features = vectorizer.fit_transform(train.texts)
    held_out = vectorizer.transform(validation.texts)
    models = [LogisticRegression(C=each, max_iter=_ITERATIONS).fit(features, train.labels) for each in _REGULARIZATION]
    best = max(models, key=lambda model: float(np.mean(model.predict(held_out) == validation.labels)))
    hits = int(np.sum(best.predict(vectorizer.transform(measured.texts)) == measured.labels))
    low, high = wilson(hits, len(measured))
    value = hits / max(len(measured), 1)
    return {"value": value, "low": low, "high": high, "n": len(measured), "inverse_l2": best.C}
