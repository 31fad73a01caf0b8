import numpy as np
import pytest

from dlcli import engine, figures
from dlcli.errors import UsageError
from dlcli.figures.options.text import Embeddings
from dlcli.techniques.word2vec.learner import Learner


def numbers(run, **options):
    return figures.draw("embeddings", Embeddings(run=str(run), **options)).numbers


def test_the_most_frequent_words_are_drawn_by_default(word2vec_run):
    words = engine.load(word2vec_run, Learner).facts.words
    assert numbers(word2vec_run, count=20)["words"] == list(words[:20])
    assert numbers(word2vec_run, words="where, who,the,is")["words"] == ["where", "who", "the", "is"]


def test_each_word_names_the_group_of_its_neighbours(word2vec_run):
    found = numbers(word2vec_run, words="where,who", neighbors=3)
    assert found["words"][:2] == found["group_names"] == ["where", "who"]
    assert 5 <= len(found["words"]) <= 8
    assert set(found["groups"]) == {0, 1}


def test_pca_has_the_largest_singular_values(word2vec_run):
    learner = engine.load(word2vec_run, Learner)
    rows = learner.vectors()[:30]
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    singular_values = np.linalg.svd(rows - rows.mean(axis=0), compute_uv=False)
    positions = np.array(numbers(word2vec_run, count=30, method="pca")["positions"])
    np.testing.assert_allclose(np.linalg.norm(positions, axis=0), singular_values[:2], rtol=1e-4)


def test_a_cluster_is_named_after_its_members(word2vec_run):
    found = numbers(word2vec_run, count=30, clusters=4)
    for group, name in enumerate(found["group_names"]):
        members = {word for word, its in zip(found["words"], found["groups"], strict=True) if its == group}
        assert set(name.split(", ")) <= members


def test_the_same_seed_gives_the_same_figure(word2vec_run):
    assert numbers(word2vec_run, count=20, seed=3) == numbers(word2vec_run, count=20, seed=3)


def test_an_unknown_word_is_refused_with_the_nearest_known_one(word2vec_run):
    with pytest.raises(UsageError, match="did you mean 'where'"):
        numbers(word2vec_run, words="wherre,who,the,is")


def test_fewer_than_four_words_are_refused(word2vec_run):
    with pytest.raises(UsageError, match="at least four words, got 2"):
        numbers(word2vec_run, words="where,who")


@pytest.mark.parametrize(
    "options", [{"words": "a", "count": 5}, {"neighbors": 2}, {"words": "a", "neighbors": 2, "clusters": 3}]
)
def test_conflicting_options_are_rejected(options):
    with pytest.raises(ValueError, match=r"--(count|clusters) . has no effect with|--neighbors 2 needs --words"):
        Embeddings(**options)


def test_the_arrows_of_an_analogy_end_at_its_answer(word2vec_run):
    first, second, third = engine.load(word2vec_run, Learner).facts.words[:3]
    drawn = numbers(word2vec_run, method="pca", analogy=(f"{first},{second},{third}",))
    assert drawn["arrows"] == [[first, second], [third, drawn["words"][3]]]
    assert drawn["words"][3] not in (first, second, third)


def test_the_axes_of_pca_explain_part_of_the_variance(word2vec_run):
    first, second = numbers(word2vec_run, method="pca")["explained_variance"]
    assert 1 > first >= second > 0


def test_three_dimensions_add_the_third_component(word2vec_run):
    plane = np.array(numbers(word2vec_run, count=30, method="pca")["positions"])
    found = numbers(word2vec_run, count=30, method="pca", three_d=True)
    np.testing.assert_allclose(np.array(found["positions"])[:, :2], plane, atol=1e-6)
    assert len(found["explained_variance"]) == 3
    assert np.diff(found["explained_variance"]).max() <= 0


def test_an_animation_turns_three_dimensions(word2vec_run):
    figure = figures.draw("embeddings", Embeddings(run=str(word2vec_run), count=30, method="pca"))
    assert len(figure.numbers["positions"][0]) == 2
    assert figure.animation().drawing.axes[0].name == "3d"
