import numpy as np
import pytest

from dlcli import engine, figures
from dlcli.errors import UsageError
from dlcli.figures.options.text import Embeddings
from dlcli.techniques.word2vec.learner import Learner


def numbers(run, **options):
    return figures.draw("embeddings", Embeddings(run=str(run), **options)).numbers


def test_the_most_frequent_words_are_drawn_unless_others_are_named(word2vec_run):
    words = engine.load(word2vec_run, Learner).facts.words
    assert numbers(word2vec_run, count=20)["words"] == list(words[:20])
    assert numbers(word2vec_run, words="where, who,the,is")["words"] == ["where", "who", "the", "is"]


def test_around_each_word_are_its_nearest_and_it_names_their_group(word2vec_run):
    found = numbers(word2vec_run, words="where,who", neighbors=3)
    assert found["words"][:2] == found["names"] == ["where", "who"]
    assert 5 <= len(found["words"]) <= 8
    assert set(found["groups"]) == {0, 1}


def test_pca_keeps_the_directions_of_the_largest_spread(word2vec_run):
    learner = engine.load(word2vec_run, Learner)
    rows = learner.vectors()[:30]
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    spread = np.linalg.svd(rows - rows.mean(axis=0), compute_uv=False)
    places = np.array(numbers(word2vec_run, count=30, method="pca")["places"])
    np.testing.assert_allclose(np.linalg.norm(places, axis=0), spread[:2], rtol=1e-4)


def test_a_cluster_is_named_by_words_of_its_own(word2vec_run):
    found = numbers(word2vec_run, count=30, clusters=4)
    for group, name in enumerate(found["names"]):
        members = {word for word, its in zip(found["words"], found["groups"], strict=True) if its == group}
        assert set(name.split(", ")) <= members


def test_the_same_seed_draws_the_same(word2vec_run):
    assert numbers(word2vec_run, count=20, seed=3) == numbers(word2vec_run, count=20, seed=3)


def test_words_that_are_unknown_or_too_few_are_refused(word2vec_run):
    with pytest.raises(UsageError, match="did you mean 'where'"):
        numbers(word2vec_run, words="wherre,who,the,is")
    with pytest.raises(UsageError, match="four words or more, got 2"):
        numbers(word2vec_run, words="where,who")


@pytest.mark.parametrize(
    "options", [{"words": "a", "count": 5}, {"neighbors": 2}, {"words": "a", "neighbors": 2, "clusters": 3}]
)
def test_options_that_exclude_each_other_are_refused(options):
    with pytest.raises(ValueError, match=r"--(count|clusters) . has no effect with|--neighbors 2 needs --words"):
        Embeddings(**options)
