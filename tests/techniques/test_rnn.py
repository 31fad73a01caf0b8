import math
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dlcli import engine
from dlcli.data.text.tokenizers import END
from dlcli.engine import devices
from dlcli.engine.load import one_device
from dlcli.engine.program import Program
from dlcli.errors import RunError
from dlcli.notices import Notice
from dlcli.techniques.rnn import score as score_module
from dlcli.techniques.rnn.learner import Learner
from dlcli.techniques.rnn.options import Eval, Predict, Sample, Score, Train
from tests.reading import evaluate, predict, sample, score

TEXTS = Path(__file__).parents[1] / "texts"
TINY = {
    "dataset": str(TEXTS / "jabberwocky.txt"),
    "batch_size": 4,
    "context": 8,
    "hidden": 16,
    "embedding_dim": 8,
    "learning_rate": 0.02,
    "schedule": "constant",
}
CLASSIFY = {"task": "classify", "dataset": str(TEXTS / "moods.tsv"), "batch_size": 16, "context": 20}
INPUTS = {
    "sample": lambda folder: {"prompt": "The ", "max_new_tokens": 20, "count": 2},
    "score": lambda folder: {"text": ["The vorpal blade", "gimble"]},
    "predict": lambda folder: {"text": ["Where is the foe", "Take the sword"]},
}
RUNS = {"predict": CLASSIFY}


@pytest.fixture(scope="module", autouse=True)
def _cached_compilations():
    devices.prepare("auto")


@pytest.fixture(scope="module")
def language(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rnn") / "language"
    list(engine.fit(Learner, Train(**TINY, out=folder, steps=150)))
    return str(folder)


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rnn") / "classifier"
    list(engine.fit(Learner, Train(**{**TINY, **CLASSIFY}, out=folder, steps=60)))
    return str(folder)


def live(**changes):
    """Return an untrained learner in evaluation mode, and its data."""
    options = Train(**{**TINY, "dropout": 0.0, **changes})
    data = Learner.read(options)
    learner = Learner(options, data.facts)
    learner.eval()
    return learner, data


def written(pieces):
    return "".join(piece.text for piece in pieces)


def test_an_untrained_model_predicts_all_tokens_with_equal_probability():
    learner, data = live()
    loss = learner.score(next(iter(data.validation)))["loss"].value()
    assert loss == pytest.approx(math.log(data.facts.vocabulary), abs=1e-4)


def test_a_batch_continues_from_the_carry_of_the_last_one():
    learner, data = live()
    learner.network.output_kernel[...] = jax.random.normal(jax.random.key(0), learner.network.output_kernel.shape)
    first, second = (batch for _, batch in zip(range(2), data.train_from(0), strict=False))
    both = np.concatenate([first["tokens"], second["tokens"][:, 1:]], axis=1)
    ones = np.ones([len(both), both.shape[1] - 1], np.float32)
    whole = learner.score({"tokens": both, "restart": np.ones(4, bool), "mask": ones})["loss"].value()
    parts = [learner.score({**each, "mask": ones[:, :8]})["loss"].value() for each in (first, second)]
    assert not second["restart"].any()
    assert np.mean(parts) == pytest.approx(whole, rel=1e-5)


def test_the_carry_is_reset_where_a_text_restarts():
    learner, data = live()
    batch, mask = next(data.train_from(0)), np.ones([4, 8], np.float32)
    ends = []
    for restart in ([True, False, True, False], [True] * 4):
        learner.carry[...] = jnp.ones_like(learner.carry[...])
        learner.score({**batch, "restart": np.array(restart), "mask": mask})
        ends.append(np.asarray(learner.carry[...]))
    assert [bool((ends[0][:, :, row] == ends[1][:, :, row]).all()) for row in range(4)] == [True, False, True, False]


def test_the_carry_is_part_of_the_saved_state():
    options = Train(**TINY)
    data = Learner.read(options)
    program = Program(Learner, options, data.facts, one_device())
    batch = jax.device_put(dict(next(data.train_from(0))))
    leaves = program.initial()
    assert not program.to_host(leaves)["carry"].any()
    leaves, _ = program.update(leaves, program.empty_window(batch), batch)
    assert program.to_host(leaves)["carry"].shape == (1, 2, 4, 16)
    assert program.to_host(leaves)["carry"].all()


def test_a_trained_model_predicts_its_text_better_than_chance(language):
    found = evaluate(Eval(run=language)).numbers
    assert found["loss"]["value"] < 0.8 * math.log(40)
    assert found["perplexity"] == pytest.approx(math.exp(found["loss"]["value"]))


def test_bits_per_character_are_the_loss_over_log_2(language):
    found = evaluate(Eval(run=language)).numbers
    assert found["split"] == "validation"
    assert found["loss"]["n"] == found["characters"]
    assert found["bits_per_character"] == pytest.approx(found["loss"]["value"] / math.log(2))


def test_the_seed_determines_distinct_texts(language):
    options = {"run": language, "count": 2, "max_new_tokens": 40, "temperature": 1.0}
    first, again, other = (list(sample(Sample(**options, seed=seed))) for seed in (0, 0, 1))
    assert first == again != other
    texts = [written(piece for piece in first if piece.number == number) for number in (0, 1)]
    assert texts[0] != texts[1]
    assert all(0 < len(text) <= 40 for text in texts)


def test_temperature_0_equals_top_k_1(language):
    coldest, first = (
        written(sample(Sample(run=language, prompt="And ", max_new_tokens=30, **how)))
        for how in ({"temperature": 0}, {"top_k": 1})
    )
    assert coldest == first
    assert coldest.startswith("And ")


def test_greedy_sampling_takes_the_most_probable_token_at_each_position(language):
    text = written(sample(Sample(run=language, prompt="And ", max_new_tokens=8, temperature=0)))
    learner = engine.load(Path(language), Learner)
    tokens = np.concatenate([[END], learner.facts.load().encode(text)]).astype(np.int32)
    likeliest = learner.next_log_probabilities(tokens[None, :-1])[0].at[:, :3].set(-np.inf).argmax(axis=-1)
    np.testing.assert_array_equal(likeliest[4:], tokens[5:])


def test_token_log_probabilities_sum_to_that_of_the_text(language):
    [found] = score(Score(run=language, text=["The vorpal blade went snicker-snack!"]))
    assert len(found.tokens) == 36
    assert found.total == pytest.approx(found.whole, abs=1e-3)
    assert found.total == pytest.approx(sum(found.log_probabilities))


def test_probabilities_of_all_single_tokens_sum_to_1(language):
    learner = engine.load(Path(language), Learner)
    entries = learner.facts.load().entries
    special = np.exp(learner.next_log_probabilities(np.array([[END]], np.int32))[0, 0, :4]).sum()
    shares = [math.exp(each.total) for each in score(Score(run=language, text=list(entries[4:])))]
    assert sum(shares) + special == pytest.approx(1, abs=1e-4)


def test_an_empty_text_has_a_problem_instead_of_a_score(language):
    empty, good = score(Score(run=language, text=["", "toves"]))
    assert "at least" in empty.problem
    assert good.problem is None


@pytest.mark.parametrize("cell", ["elman", "gru"])
def test_each_cell_can_overfit_a_batch(cell):
    options = Train(**{**TINY, "cell": cell, "dropout": 0.0})
    data = Learner.read(options)
    program = Program(Learner, options, data.facts, one_device())
    batch = jax.device_put({**next(data.train_from(0)), "restart": np.ones(4, bool)})
    leaves, empty = program.initial(), program.empty_window(batch)
    for _ in range(300):
        leaves, window = program.update(leaves, jax.tree.map(jnp.zeros_like, empty), batch)
    assert window.metrics["loss"].value() < 0.3


def test_tied_embeddings_are_the_output_weights():
    learner, _ = live(tie_embeddings=True, embedding_dim=16)
    assert learner.network.output_kernel is None
    states = jax.random.normal(jax.random.key(0), [3, 16])
    np.testing.assert_allclose(
        learner.network.logits(states), states @ learner.network.embedding[...].T, rtol=1e-5, atol=1e-6
    )


def test_padding_does_not_change_the_class_of_a_text():
    for pool in ("last", "mean"):
        learner, _ = live(**CLASSIFY, pool=pool)
        learner.network.output_kernel[...] = jax.random.normal(jax.random.key(0), learner.network.output_kernel.shape)
        tokens, length = np.tile(np.arange(4, 12), (2, 1)).astype(np.int32), np.array([3, 8], np.int32)
        changed = tokens.copy()
        changed[:, 3:] = 4
        before, after = (np.asarray(learner.class_log_probabilities(each, length)) for each in (tokens, changed))
        np.testing.assert_array_equal(before[0], after[0])
        assert np.abs(before[1] - after[1]).max() > 1e-6


def test_a_classifier_learns_its_classes(classifier):
    found = evaluate(Eval(run=classifier)).numbers
    assert found["accuracy"]["value"] > 0.9
    assert found["accuracy"]["low"] < found["accuracy"]["value"] <= found["accuracy"]["high"]
    assert found["accuracy"]["n"] == sum(map(sum, found["confusion"]["counts"])) == 16
    where, take, nothing = predict(Predict(run=classifier, text=["Where is the foe", "Take the sword", ""]))
    assert (where.answers[0][0], take.answers[0][0]) == ("question", "command")
    assert sum(share for _, share in where.answers) == pytest.approx(1)
    assert nothing.problem


SMALL = ("--task", "classify", "--steps", 2, "--batch-size", 4, "--context", 8, "--hidden", 4, "--embedding-dim", 4)


def labelled(path, *labels, header="text,label"):
    path.write_text(f"{header}\n" + "".join(f"text {n},{labels[n % len(labels)]}\n" for n in range(40)))
    return path


def test_texts_of_a_single_class_are_refused_before_a_run_folder_exists(dlcli, tmp_path):
    code, _, err = dlcli("train", "rnn", "--dataset", labelled(tmp_path / "a.csv", "same"), *SMALL, "--out", "run")
    assert code == 3
    assert "a classifier needs at least two classes, found only 'same'" in err
    assert not (tmp_path / "run").exists()


def test_eval_uses_the_columns_of_the_run(dlcli, tmp_path):
    path = labelled(tmp_path / "a.csv", "a", "b", header="review,stars")
    path.write_text(path.read_text() + "no,\n")
    columns = ("--text-column", "review", "--label-column", "stars")
    assert dlcli("train", "rnn", "--dataset", path, *SMALL, *columns, "--out", "run")[0] == 3
    code, _, err = dlcli("train", "rnn", "--dataset", path, *SMALL, *columns, "--skip-bad", "--out", "run")
    assert code == 0
    assert "line 42" in err
    assert dlcli("eval", "run")[0] == 0
    assert dlcli("resume", "run", "--steps", 3)[0] == 0
    labelled(tmp_path / "b.csv", "caf\u00e9", "b")
    code, _, err = dlcli("eval", "run", "--dataset", "b.csv", "--text-column", "text", "--label-column", "label")
    assert code == 4
    assert "found missing 'a'; new 'caf\u00e9' (caf<U+00E9>)" in err


def test_similar_labels_are_reported_at_training(dlcli, tmp_path):
    path = labelled(tmp_path / "a.csv", "a", "a ", "b", "B")
    _, _, err = dlcli("train", "rnn", "--dataset", path, *SMALL, "--out", "run")
    assert "'a' (10) and 'a ' (10) are one class" in err
    assert "'b' (10) and 'B' (10) are 2 classes" in err


def test_a_truncated_text_has_a_notice_with_its_answer(classifier):
    text = "Where is the foe " * 2
    with pytest.warns(Notice, match="has 34 tokens, of which the model reads the first 20"):
        short, long, same = predict(Predict(run=classifier, text=["Where is the foe", text, text[:20]]))
    assert long.numbers()["truncated"] == {"tokens": 34, "read": 20, "part": "first"}
    assert long.answers == same.answers
    assert "truncated" not in short.numbers()


def test_segments_give_the_same_log_probabilities_as_one_segment(language, monkeypatch):
    text = "The vorpal blade went snicker-snack! " * 8
    [whole] = score(Score(run=language, text=[text]))
    monkeypatch.setattr(score_module, "_LONGEST", 64)
    [parted] = score(Score(run=language, text=[text]))
    np.testing.assert_allclose(parted.log_probabilities, whole.log_probabilities, atol=1e-4)
    assert parted.whole == pytest.approx(whole.whole, abs=1e-3) == pytest.approx(parted.total, abs=1e-3)


def test_a_run_of_the_other_task_is_refused(language, classifier):
    with pytest.raises(RunError, match="needs a run of --task classify"):
        list(predict(Predict(run=language, text=["a"])))
    with pytest.raises(RunError, match="needs a run of --task language"):
        list(score(Score(run=classifier, text=["a"])))


@pytest.mark.parametrize(
    "options",
    [{"tie_embeddings": True}, {"tie_embeddings": True, "task": "classify", "embedding_dim": 256}, {"pool": "mean"}],
)
def test_options_that_do_not_fit_the_task_are_refused(options):
    with pytest.raises(ValueError, match="needs"):
        Train(**options)


def test_a_language_model_accepts_rows_without_a_label(dlcli, tmp_path):
    path = labelled(tmp_path / "a.csv", "a", "b")
    path.write_text(path.read_text() + "a text without a label,\n")
    small = ("--steps", 2, "--batch-size", 2, "--context", 8, "--hidden", 4, "--embedding-dim", 4)
    assert dlcli("train", "rnn", "--dataset", path, *SMALL, "--out", "classifier")[0] == 3
    code, _, err = dlcli("train", "rnn", "--dataset", path, *small, "--out", "language")
    assert (code, "without a label" in err) == (0, False)
    assert dlcli("eval", "language")[0] == 0
