"""Hierarchical softmax: a word is predicted by the decisions on the path from the root of a Huffman tree to it.

The probability of a word is the product of σ(c·s) over the inner nodes of its path, where s is the product of the
vector of the node with that of the input, and c is 1 for the left branch and -1 for the right one. It needs about as
many products as the word has bits in a Huffman code, and sums to one over the vocabulary.

Reference: Mikolov et al., "Distributed Representations of Words and Phrases", 2013, arXiv:1310.4546, section 2.1.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx


class HuffmanTree(nnx.Module):
    """The paths to the words of a vocabulary.

    Attributes:
        nodes: the inner nodes on the way to each word, from the root, int32 [word, depth]. Behind the end of a path,
            they have the number of inner nodes.
        codes: 1 for the left branch, -1 for the right branch and 0 behind the end of a path, float32 [word, depth].
    """

    def __init__(self, counts: Sequence[int]):
        nodes, codes = paths(counts)
        self.nodes, self.codes = nnx.Variable(jnp.asarray(nodes)), nnx.Variable(jnp.asarray(codes))

    def depths(self) -> np.ndarray:
        """Return the length of each word's path, float [word]."""
        return np.abs(np.asarray(self.codes[...])).sum(axis=1)

    def updates(self, predictions: np.ndarray) -> np.ndarray:
        """Return how often each inner node is used, float [node], from how often each word is predicted."""
        nodes = np.asarray(self.nodes[...])
        by_node = np.bincount(nodes.reshape(-1), np.repeat(predictions, nodes.shape[1]), len(nodes))
        return by_node[: len(nodes) - 1]


def paths(counts: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Build a Huffman tree of at least two words; return `nodes` and `codes` of `HuffmanTree`.

    Inner nodes are numbered in the order in which they are made, so that the root has the highest number.
    """
    words, order = len(counts), itertools.count()
    heap = [(count, next(order), word) for word, count in enumerate(counts)]
    heapq.heapify(heap)
    parents: dict[int, tuple[int, float]] = {}  # of a word, or of an inner node plus the number of words
    for node in range(words - 1):
        (left_count, _, left), (right_count, _, right) = heapq.heappop(heap), heapq.heappop(heap)
        parents[left], parents[right] = (node, 1.0), (node, -1.0)
        heapq.heappush(heap, (left_count + right_count, next(order), words + node))
    found = [_path(word, parents, words) for word in range(words)]
    depth = max(map(len, found))
    nodes, codes = np.full((words, depth), words - 1, np.int32), np.zeros((words, depth), np.float32)
    for word, path in enumerate(found):
        nodes[word, : len(path)], codes[word, : len(path)] = zip(*path, strict=True)
    return nodes, codes


def _path(word: int, parents: dict[int, tuple[int, float]], words: int) -> list[tuple[int, float]]:
    path, at = [], word
    while at in parents:
        node, code = parents[at]
        path.append((node, code))
        at = words + node
    return path[::-1]


def path_loss(scores: jax.Array, codes: jax.Array, axis: int) -> jax.Array:
    """Return -log of the probability of each word, in nats.

    Args:
        scores: products of an input with the vectors of the nodes on a path.
        codes: of the path, of a shape that broadcasts to that of the scores.
        axis: the one along the path, which the result lacks.
    """
    return (jax.nn.softplus(-codes * scores) * jnp.abs(codes)).sum(axis=axis)
