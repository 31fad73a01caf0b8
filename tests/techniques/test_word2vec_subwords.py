import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dlcli import engine
from dlcli.data.text.words import WordFacts
from dlcli.engine import devices
from dlcli.errors import UsageError
from dlcli.techniques.word2vec import rows
from dlcli.techniques.word2vec.eval import similarity
from dlcli.techniques.word2vec.learner import Learner
from dlcli.techniques.word2vec.options import Predict, Train
from dlcli.techniques.word2vec.subwords import fasttext_hash, ngrams
from tests.reading import predict
from tests.techniques.test_word2vec import QUESTIONS, TEXT

WORDS = ("the", "there", "other", "another", "where", "her", "is", "a", "number", "numbers", "list", "lists")
SUBWORDS = {"subwords": True, "min_n": 2, "max_n": 4, "buckets": 50}


@pytest.fixture(scope="module", autouse=True)
def _cached_compilations():
    devices.prepare("auto")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("subwords") / "trained"
    options = Train(
        dataset=QUESTIONS, min_count=2, batch_size=64, vector_size=8, learning_rate=0.1, out=folder, steps=3, **SUBWORDS
    )
    list(engine.fit(Learner, options))
    return folder


def learner(**changes):
    facts = WordFacts(words=WORDS, counts=tuple(range(len(WORDS), 0, -1)), lower=True)
    chosen = {"model": "skip-gram", "learning_rate": 0.025, "negative": 2, "batch_size": 10, **SUBWORDS, **changes}
    made = Learner(Train(dataset="none", window=2, vector_size=4, sample=0, steps=100, **chosen), facts)
    rng = np.random.default_rng(1)
    for table in (made.input_vectors, made.output_vectors, made.subwords.vectors):
        table[...] = jnp.asarray(rng.normal(size=table.shape), jnp.float32)
    return made


def buckets(word):
    return [fasttext_hash(each) % 50 for each in ngrams(word, 2, 4)]


def slow_vector(made, index):
    parts = [made.input_vectors[index], *(made.subwords.vectors[bucket] for bucket in buckets(WORDS[index]))]
    return np.mean([np.asarray(part) for part in parts], axis=0)


def test_the_trigrams_of_where_are_those_of_the_paper():
    assert list(ngrams("where", 3, 3)) == ["<wh", "whe", "her", "ere", "re>"]


def test_the_marks_alone_are_no_ngrams():
    assert list(ngrams("of", 1, 2)) == ["<o", "o", "of", "f", "f>"]


@pytest.mark.parametrize(("text", "value"), [("", 0x811C9DC5), ("a", 0xE40C292C), ("foobar", 0xBF9CF968)])
def test_the_hash_of_ascii_is_fnv_1a(text, value):
    assert fasttext_hash(text) == value


def test_a_word_vector_is_the_mean_of_its_own_and_of_its_ngrams():
    made = learner()
    expected = [slow_vector(made, index) for index in range(len(WORDS))]
    np.testing.assert_allclose(made.vectors(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("ids", [[3], [5, 0, 0, 9, 3, 3], list(range(12))])
def test_vectors_in_a_step_equal_those_of_the_vocabulary(ids):
    made = learner()
    found = made._inputs(jnp.asarray(ids), made.subwords.find(jnp.asarray(ids)))
    np.testing.assert_allclose(found, made.vectors()[ids], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("model", ["skip-gram", "cbow"])
def test_each_ngram_moves_by_the_sum_of_the_gradients_of_its_words(model, monkeypatch):
    monkeypatch.setattr(rows, "ROW", 4)
    made = learner(model=model)
    text, ids, outputs = made._read(TEXT, jax.random.key(0))
    monkeypatch.setattr(made, "_read", lambda batch, key: (text, ids, outputs))
    inputs = jnp.asarray(made.vectors())[ids]
    by_word = jax.grad(lambda inputs: made._loss(inputs, made.output_vectors[outputs], text))(inputs)
    expected = np.array(made.subwords.vectors[...])
    scales = made.subwords.scales[...]
    for word, gradient in zip(np.ravel(ids), np.reshape(by_word, (-1, 4)), strict=True):
        for bucket in buckets(WORDS[word]):
            expected[bucket] -= 0.025 * scales[bucket] * gradient
    made.update(TEXT)
    np.testing.assert_allclose(made.subwords.vectors[...], expected, rtol=1e-4, atol=1e-6)


def test_ngrams_beyond_the_capacity_are_left_out(monkeypatch):
    made = learner()
    monkeypatch.setattr(made.subwords, "capacity", lambda words: 5)
    bucket, owner = made.subwords.find(jnp.asarray([3, 4]))
    assert bucket.tolist() == buckets("another")[:5]
    assert owner.tolist() == [0] * 5


def test_a_word_outside_the_vocabulary_has_the_mean_of_its_ngrams():
    made = learner()
    expected = np.mean([made.subwords.vectors[bucket] for bucket in buckets("others")], axis=0)
    found = made.word_vectors().unit_vector("Others")
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected), rtol=1e-5)


def test_similarity_counts_pairs_with_an_unseen_word():
    pairs = [("the", "other", 3.0), ("others", "another", 8.0), ("unseen", "her", 1.0)]
    found = similarity(learner().word_vectors(), pairs)
    assert (found["n"], found["unseen"], found["out_of_vocabulary"]) == (3, 2, 0)


def test_an_unseen_word_is_refused_without_subwords(tmp_path):
    options = Train(dataset=QUESTIONS, min_count=2, batch_size=64, vector_size=8, out=tmp_path / "r", steps=1)
    list(engine.fit(Learner, options))
    with pytest.raises(UsageError, match="needs a word of the vocabulary"):
        list(predict(Predict(run=str(tmp_path / "r"), nearest=("wheres",))))


def test_an_unseen_word_has_nearest_words(trained):
    [found] = predict(Predict(run=str(trained), nearest=("wheres",), top=3))
    assert found.source == "wheres"
    assert len(found.answers) == 3
