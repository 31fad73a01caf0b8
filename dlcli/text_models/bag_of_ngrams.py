"""The linear baseline of text classification: a bag of words and word pairs."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from dlcli import activity
from dlcli.data.text.sets import Documents, TextSet
from dlcli.metrics.intervals import wilson
from dlcli.notices import warn

_REGULARIZATION = (1.0, 10.0, 100.0)  # inverse strengths of l2; the validation split decides
_ITERATIONS = 1000  # of L-BFGS at most
_MOST = 2**26  # characters that the model is fitted to, since the features of its texts are in memory
_PART = 10_000  # texts whose features are in memory at a time when a split is measured


def accuracy(texts: TextSet, split: str) -> dict[str, Any]:
    """Fit logistic regression to the TF-IDF of words and word pairs, and return its accuracy as a described `Rate`.

    The order of words counts within pairs only, so what a deeper model adds is the accuracy above this one's. Words
    have lower case, and term frequencies are logarithmic. The strength of the l2 penalty is the best of three on the
    validation split. Deterministic.

    References: Wang and Manning, "Baselines and Bigrams", 2012; Joulin et al., "Bag of Tricks for Efficient Text
    Classification", 2017, arXiv:1607.01759, for word pairs as the baseline of deep networks.

    Of splits with more than 67 million characters, it is fitted to a random part of the texts, with a note.

    Args:
        texts: with classes; `train` fits the model.
        split: that is measured.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    train, validation, measured = (texts.splits[name] for name in ("train", "validation", split))
    with activity.logged(f"fitting a bag of n-grams: {len(train):,} texts"):
        vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\w+|[^\w\s]")
        taken, held = _taken(train), _taken(validation)
        if not taken.all():
            warn(f"the bag of n-grams is fitted to {int(taken.sum()):,} of {len(train):,} texts")
        features = vectorizer.fit_transform(itertools.compress(train.texts, taken))
        held_out = vectorizer.transform(itertools.compress(validation.texts, held))
        labels, right = _labels(train)[taken], _labels(validation)[held]
        models = [LogisticRegression(C=each, max_iter=_ITERATIONS).fit(features, labels) for each in _REGULARIZATION]
        best = max(models, key=lambda model: float(np.mean(model.predict(held_out) == right)))
        found = [best.predict(vectorizer.transform(part)) for part in _parts(measured.texts)]
    hits = int(np.sum(np.concatenate(found) == _labels(measured)))
    low, high = wilson(hits, len(measured))
    value = hits / max(len(measured), 1)
    return {"value": value, "low": low, "high": high, "n": len(measured), "inverse_l2": best.C}


def _taken(documents: Documents) -> np.ndarray:
    """Return which texts are taken, bool [text]: each with the same probability."""
    share = min(1.0, _MOST / max(documents.characters, 1))
    return np.random.default_rng(0).random(len(documents)) < share


def _labels(documents: Documents) -> np.ndarray:
    assert documents.labels is not None  # the set has classes
    return documents.labels


def _parts(texts: Iterable[str]) -> Iterator[list[str]]:
    following = iter(texts)
    while part := list(itertools.islice(following, _PART)):
        yield part
