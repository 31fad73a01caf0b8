import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dlcli.data.text.words import WordFacts
from dlcli.engine import devices
from dlcli.techniques.word2vec import rows
from dlcli.techniques.word2vec.hierarchical_softmax import HuffmanTree, path_loss, paths
from dlcli.techniques.word2vec.learner import Learner
from dlcli.techniques.word2vec.options import Train
from tests.techniques.test_word2vec import TEXT, contexts

NAMES = pytest.mark.parametrize("name", ["skip-gram", "cbow"])


@pytest.fixture(scope="module", autouse=True)
def _cached_compilations():
    devices.prepare("auto")


def learner(**changes):
    facts = WordFacts(words=tuple(map(str, range(12))), counts=tuple(range(12, 0, -1)), lower=True)
    chosen = {"loss": "hierarchical-softmax", "window": 2, "vector_size": 4, "sample": 0, "steps": 100, **changes}
    made = Learner(Train(dataset="none", batch_size=10, **chosen), facts)
    rng = np.random.default_rng(1)
    for table in (made.input_vectors, made.output_vectors):
        table[...] = jnp.asarray(rng.normal(size=table.shape), jnp.float32)
    return made


def log_probability(tree, outputs, vector, word):
    """Return log P(word) by walking along its path."""
    total = 0.0
    for node, code in zip(tree.nodes[word].tolist(), tree.codes[word].tolist(), strict=True):
        if code:
            total += jax.nn.log_sigmoid(code * outputs[node] @ vector)
    return total


def plain_loss(name, tree, tables):
    inputs, outputs = tables
    words, total = TEXT["word"].tolist(), 0.0
    for place, context in contexts(TEXT):
        if name == "skip-gram":
            total -= sum(log_probability(tree, outputs, inputs[words[place]], words[other]) for other in context)
        elif context:
            mean = inputs[jnp.asarray([words[other] for other in context])].mean(axis=0)
            total -= log_probability(tree, outputs, mean, words[place])
    return total


def test_the_lengths_of_paths_are_those_of_a_huffman_code():
    # Huffman, 1952: the counts 5, 9, 12, 13, 16, 45 have code words of 4, 4, 3, 3, 3 and 1 bits.
    nodes, codes = paths([45, 16, 13, 12, 9, 5])
    assert np.abs(codes).sum(axis=1).tolist() == [1, 3, 3, 3, 4, 4]
    assert set(nodes[:, 0]) == {4}


@pytest.mark.parametrize("counts", [[1, 1], [3, 2, 1], list(range(50, 0, -1))])
def test_the_probabilities_of_all_words_sum_to_one(counts):
    tree = HuffmanTree(counts)
    scores = jax.random.normal(jax.random.key(0), len(counts))[tree.nodes[...]]
    assert jnp.exp(-path_loss(scores, tree.codes[...], 1)).sum() == pytest.approx(1, rel=1e-5)


def test_each_node_is_updated_by_the_words_below_it():
    tree = HuffmanTree([4, 2, 1, 1])
    updates = tree.updates(np.array([10.0, 5.0, 2.0, 1.0]))
    assert updates.tolist() == [3, 8, 18]


@NAMES
def test_the_loss_equals_a_plain_sum_over_paths(name, monkeypatch):
    monkeypatch.setattr(rows, "ROW", 4)
    made = learner(model=name)
    text, inputs, nodes = made._read(TEXT, jax.random.key(0))
    found = made._loss(made.input_vectors[inputs], made.output_vectors[nodes], text)
    slow = plain_loss(name, made.tree, (made.input_vectors[...], made.output_vectors[...]))
    np.testing.assert_allclose(found, slow, rtol=1e-5)


@NAMES
def test_a_step_equals_gradient_descent_on_the_dense_loss(name, monkeypatch):
    monkeypatch.setattr(rows, "ROW", 4)
    made = learner(model=name, learning_rate=0.025)
    before = made.input_vectors[...], made.output_vectors[...]
    dense = jax.grad(lambda tables: plain_loss(name, made.tree, tables))(before)
    made.update(TEXT)
    for after, start, gradient in zip((made.input_vectors, made.output_vectors), before, dense, strict=True):
        np.testing.assert_allclose(after[...], start - 0.025 * gradient, rtol=1e-4, atol=1e-6)
