"""Word vectors in the plane."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from dlcli.artifacts import Figure
from dlcli.errors import UsageError
from dlcli.figures.numbers import listed
from dlcli.figures.options.text import Embeddings
from dlcli.plot import clouds, terminal
from dlcli.plot.points import Cloud
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.word2vec.word_vectors import WordVectors

_NAMED = 3  # words that name a cluster
_PERPLEXITY = 15.0  # neighbours that t-SNE looks at: as many as a group has words


def draw(options: Embeddings, run: TrainedRun) -> Figure:
    """Project the directions of words, so that cosines become distances, and colour them by their groups."""
    vectors = WordVectors(run.facts, run.learner.vectors())
    numbers, groups, names = _chosen(vectors, options)
    if len(numbers) < 4:
        raise UsageError(f"--words must name four words or more, got {len(numbers)}; --neighbors draws those around")
    rows = vectors.unit_vectors[numbers]
    # A few hundred rows: threads would wait for each other longer than they work.
    with threadpool_limits(1):
        places = _projected(rows, options)
        if groups is None:
            groups, names = _clusters(rows, [vectors.words[number] for number in numbers], options)
    labels = [vectors.words[number] for number in numbers]
    found = Cloud(places, labels, groups, names)
    how = "t-SNE" if options.method == "tsne" else "PCA"
    title = f"{len(labels)} words of {Path(options.run).name} by {how} of their vectors"
    return Figure(
        "embeddings",
        clouds.cloud(found, title=title),
        {
            "run": options.run,
            "method": options.method,
            "words": labels,
            "places": listed(found.places),
            "groups": groups.tolist(),
            "names": names,
        },
        lambda width, colour, most=None: terminal.below(
            terminal.paragraph(title, width),
            most,
            lambda left: terminal.cloud(found, width=width, colour=colour, most=left),
        ),
    )


def _chosen(vectors: WordVectors, options: Embeddings) -> tuple[list[int], np.ndarray | None, list[str]]:
    """Return the numbers of the words to draw and, where each is drawn around another, their groups."""
    if not options.words:
        return list(range(min(options.count, len(vectors.words)))), None, []
    words = [word.strip() for word in options.words.split(",") if word.strip()]
    centers = list(dict.fromkeys(vectors.require("--words", word) for word in words))
    if not options.neighbors:
        return centers, None, []
    group_of = {number: group for group, number in enumerate(centers)}
    for group, number in enumerate(centers):
        for word, _ in vectors.nearest(vectors.unit_vectors[number], [number], options.neighbors):
            group_of.setdefault(vectors.require("--words", word), group)
    return list(group_of), np.array(list(group_of.values())), [vectors.words[number] for number in centers]


def _clusters(rows: np.ndarray, labels: list[str], options: Embeddings) -> tuple[np.ndarray, list[str]]:
    """Group the rows [word, feature] by k-means; each group is named by the words nearest its middle."""
    from sklearn.cluster import KMeans

    found = KMeans(min(options.clusters, len(rows)), n_init=4, random_state=options.seed).fit(rows)
    names = []
    for group, middle in enumerate(found.cluster_centers_):
        members = np.flatnonzero(found.labels_ == group)
        order = members[np.argsort(np.linalg.norm(rows[members] - middle, axis=1), kind="stable")]
        names.append(", ".join(labels[place] for place in order[:_NAMED]))
    return found.labels_, names


def _projected(rows: np.ndarray, options: Embeddings) -> np.ndarray:
    """Return the places [word, 2]."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    if options.method == "pca":
        return PCA(2, svd_solver="full").fit_transform(rows.astype(np.float64))
    perplexity = min(_PERPLEXITY, (len(rows) - 1) / 3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an unlucky division on the way, of which nothing remains
        return TSNE(2, perplexity=perplexity, init="pca", random_state=options.seed).fit_transform(rows)
