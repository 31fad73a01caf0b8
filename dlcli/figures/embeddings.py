"""Word vectors projected to two or three dimensions."""

from __future__ import annotations

import functools
import warnings
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from dlcli import formats
from dlcli.artifacts import Animation, Figure
from dlcli.errors import UsageError
from dlcli.figures.json_values import to_json
from dlcli.figures.options.text import Embeddings
from dlcli.metrics.projection import principal_components
from dlcli.plot import page, terminal
from dlcli.plot.charts.embeddings import EmbeddingsChart
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.word2vec.word_vectors import WordVectors, analogy

_NAMED = 3  # words in the name of a cluster
_PERPLEXITY = 15.0  # of t-SNE, about the number of words in a group


def draw(options: Embeddings, run: TrainedRun) -> Figure:
    """Project normalized word vectors, whose distances are cosines, and colour the words by group."""
    vectors = run.learner.word_vectors()
    arrows: list[tuple[int, int]] = []
    groups: np.ndarray | None
    if options.analogy:
        numbers, arrows, groups, names = _analogies(vectors, options)
    else:
        numbers, groups, names = _chosen(vectors, options)
    if len(numbers) < 4:
        raise UsageError(
            f"--words must have at least four words, got {len(numbers)}; --neighbors adds their neighbours"
        )
    rows = vectors.unit_vectors[numbers]
    # With a few hundred rows, threads cost more than they gain.
    with threadpool_limits(1):
        positions, explained = _projected(rows, options, 3 if options.three_d else 2)
        if groups is None:
            groups, names = _clusters(rows, [vectors.words[number] for number in numbers], options)
    labels = [vectors.words[number] for number in numbers]
    rest = labels, groups, names, arrows
    chart = EmbeddingsChart(_title(explained, len(labels), options), positions, *rest)

    def turning() -> Animation:
        with threadpool_limits(1):
            positions, explained = _projected(rows, options, 3)
        return page.embeddings.turn(EmbeddingsChart(_title(explained, len(labels), options), positions, *rest))

    return Figure(
        "embeddings",
        page.embeddings.draw(chart),
        {
            "run": options.run,
            "method": options.method,
            "words": labels,
            "positions": to_json(positions),
            "explained_variance": None if explained is None else to_json(explained),
            "arrows": [[labels[start], labels[end]] for start, end in arrows],
            "groups": groups.tolist(),
            "group_names": names,
        },
        functools.partial(terminal.embeddings.draw, chart),
        turning,
    )


def _chosen(vectors: WordVectors, options: Embeddings) -> tuple[list[int], np.ndarray | None, list[str]]:
    """Return the ids of the words to show and, with `--neighbors`, their groups and the names of the groups."""
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


def _analogies(
    vectors: WordVectors, options: Embeddings
) -> tuple[list[int], list[tuple[int, int]], np.ndarray, list[str]]:
    """Return the words of the analogies, the arrows between them, and a group with a name per analogy."""
    numbers: list[int] = []
    arrows, groups, names = [], [], []
    for group, words in enumerate(options.analogy):
        given = [vectors.require("--analogy", word.strip()) for word in words.split(",")]
        [(answer, _)] = vectors.nearest(analogy(*vectors.unit_vectors[given]), given, 1)
        numbers += (four := [*given, vectors.require("--analogy", answer)])
        groups += [group] * len(four)
        start = 4 * group
        arrows += [(start, start + 1), (start + 2, start + 3)]
        first, second, third = (vectors.words[number] for number in given)
        names.append(f"{first} → {second}, {third} → {answer}")
    return numbers, arrows, np.array(groups), names


def _title(explained: np.ndarray | None, count: int, options: Embeddings) -> str:
    method = "t-SNE" if explained is None else f"PCA ({_explained(explained)})"
    return f"{method} of {count} word vectors of {Path(options.run).name}"


def _explained(fractions: np.ndarray) -> str:
    return f"{' + '.join(formats.percent(float(each), 0) for each in fractions)} of the variance"


def _clusters(rows: np.ndarray, labels: list[str], options: Embeddings) -> tuple[np.ndarray, list[str]]:
    """Cluster the rows [word, feature] by k-means; each cluster is named after the words nearest its centroid."""
    from sklearn.cluster import KMeans

    found = KMeans(min(options.clusters, len(rows)), n_init=4, random_state=options.seed).fit(rows)
    names = []
    for group, centroid in enumerate(found.cluster_centers_):
        members = np.flatnonzero(found.labels_ == group)
        order = members[np.argsort(np.linalg.norm(rows[members] - centroid, axis=1), kind="stable")]
        names.append(", ".join(labels[place] for place in order[:_NAMED]))
    return found.labels_, names


def _projected(rows: np.ndarray, options: Embeddings, dimensions: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the positions [word, dimension], and the fraction of the variance of each axis of PCA."""
    from sklearn.manifold import TSNE

    if options.method == "pca":
        found = principal_components(rows, dimensions)
        return found.positions, found.explained
    perplexity = min(_PERPLEXITY, (len(rows) - 1) / 3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a division by zero in an intermediate step, without effect on the result
        return TSNE(dimensions, perplexity=perplexity, init="pca", random_state=options.seed).fit_transform(rows), None
