import contextlib
import math
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dlcli import engine
from dlcli.data.text.catalogue import open_pairs
from dlcli.data.text.tokenizers import END, START
from dlcli.engine import devices
from dlcli.errors import RunError, UsageError
from dlcli.metrics import bleu
from dlcli.notices import Notice
from dlcli.techniques.transformer.learner import Learner
from dlcli.techniques.transformer.losses import cross_entropy
from dlcli.techniques.transformer.options import Eval, Predict, Sample, Score, Train
from dlcli.techniques.transformer.score import windows
from tests.reading import evaluate, predict, sample, score

TEXTS = Path(__file__).parents[1] / "texts"
# Constant, because the number of steps of a schedule is compiled into the step, and compiling dominates the time here.
TINY = {
    "dataset": str(TEXTS / "jabberwocky.txt"),
    "batch_size": 4,
    "context": 8,
    "layers": 1,
    "heads": 2,
    "d_model": 16,
    "learning_rate": 0.01,
    "schedule": "constant",
    "warmup_steps": 0,
}
CLASSIFY = {"shape": "encoder", "dataset": str(TEXTS / "moods.tsv"), "batch_size": 16, "dropout": 0.0, "context": 20}
MASK = {"shape": "encoder", "task": "mask", "tokenizer": "characters", "batch_size": 16, "dropout": 0.0, "context": 16}
PAIRS = {
    "shape": "encoder-decoder",
    "dataset": str(TEXTS / "numbers.tsv"),
    "batch_size": 16,
    "context": 16,
    "d_model": 32,
    "label_smoothing": 0.0,
}
INPUTS = {
    "sample": lambda folder: {"prompt": "The ", "max_new_tokens": 20, "count": 2},
    "score": lambda folder: {"text": ["The vorpal blade", "gimble"]},
    "predict": lambda folder: {"text": ["Where is the foe", "Take the sword"]},
}
RUNS = {"predict": CLASSIFY}
FURTHER = CLASSIFY
FURTHER_DATA = [PAIRS]


@pytest.fixture(scope="module", autouse=True)
def _cached_compilations():
    devices.prepare("auto")


def run(folder, steps, **changes):
    list(engine.fit(Learner, Train(**{**TINY, **changes}, out=folder, steps=steps)))
    return str(folder)


@pytest.fixture(scope="module")
def decoder(tmp_path_factory):
    return run(tmp_path_factory.mktemp("transformer") / "decoder", 150)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return run(tmp_path_factory.mktemp("transformer") / "encoder", 60, **CLASSIFY)


@pytest.fixture(scope="module")
def masked(tmp_path_factory):
    return run(tmp_path_factory.mktemp("transformer") / "masked", 150, **MASK)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    return run(tmp_path_factory.mktemp("transformer") / "pairs", 900, **PAIRS, schedule="cosine")


def live(**changes):
    """Return an untrained learner in evaluation mode, and its data."""
    options = Train(**{**TINY, **changes})
    data = Learner.read(options)
    learner = Learner(options, data.facts)
    learner.eval()
    return learner, data


@nnx.jit
def scored(learner, batch):
    return learner.score(batch)


@nnx.jit
def full_pass(network, *inputs):
    return network(*inputs)


@nnx.jit
def written_nats(network, source, target):
    encoded = network.encode(source, jnp.array([source.shape[1]]))
    return cross_entropy(network(target[:, :-1], encoded), target[:, 1:]).sum()


def written(pieces):
    return "".join(piece.text for piece in pieces if not piece.prompt)


def test_given_options_override_the_defaults_of_the_shape():
    assert Train().dataset == "pydocs"
    assert Train(shape="encoder-decoder").dataset == "dates"
    assert Train(shape="encoder-decoder", dataset="x.tsv", layers=7).layers == 7


def test_epochs_replace_the_default_steps_of_the_shape():
    assert Train(shape="encoder", epochs=2).epochs == 2


def test_a_short_run_has_a_shorter_warm_up():
    assert (Train(steps=50).warmup_steps, Train(steps=5_000).warmup_steps) == (5, 100)


def test_a_d_model_that_is_no_multiple_of_heads_is_refused():
    with pytest.raises(UsageError, match="multiple of heads"):
        live(heads=3)


@pytest.mark.parametrize("changes", [{}, CLASSIFY, PAIRS], ids=["decoder", "encoder", "encoder-decoder"])
def test_an_untrained_model_predicts_at_chance(changes):
    learner, data = live(**changes)
    count = len(data.facts.classes) or data.facts.vocabulary
    loss = scored(learner, next(iter(data.validation)))["loss"].value()
    assert loss == pytest.approx(math.log(count), rel=0.1)


def test_the_smoothed_loss_equals_cross_entropy_with_smoothed_targets():
    logits, labels = jax.random.normal(jax.random.key(0), [3, 5]), jnp.array([0, 4, 2])
    targets = 0.8 * jax.nn.one_hot(labels, 5) + 0.2 / 5
    expected = -(targets * jax.nn.log_softmax(logits)).sum(axis=-1)
    np.testing.assert_allclose(cross_entropy(logits, labels, 0.2), expected, rtol=1e-5)


def test_evaluation_counts_every_token_but_the_first_of_a_text(decoder):
    found = evaluate(Eval(run=decoder)).numbers
    text = (TEXTS / "jabberwocky.txt").read_text()
    held_out = len(text) - int(0.9 * len(text))
    assert found["split"] == "validation"
    assert found["characters"] == held_out
    assert found["bits_per_character"] == pytest.approx(
        found["loss"]["value"] * found["loss"]["n"] / math.log(2) / held_out
    )


def test_a_trained_decoder_is_better_than_character_frequencies(decoder):
    text = (TEXTS / "jabberwocky.txt").read_text()
    shares = np.unique(list(text), return_counts=True)[1] / len(text)
    entropy = -(shares * np.log(shares)).sum()
    assert evaluate(Eval(run=decoder)).numbers["loss"]["value"] < entropy


def test_the_seed_determines_the_text(decoder):
    first, again, other = (written(sample(Sample(run=decoder, max_new_tokens=20, seed=seed))) for seed in (1, 1, 2))
    assert first == again != other


def test_greedy_sampling_takes_the_most_probable_token_of_a_full_pass(decoder):
    learner = engine.load(Path(decoder), Learner)
    tokenizer = learner.facts.load()
    pieces = written(sample(Sample(run=decoder, prompt="The", max_new_tokens=4, temperature=0)))
    tokens = [END, *tokenizer.encode("The").tolist()]
    for _ in range(4):
        logits = full_pass(learner.network, jnp.array([tokens + [END] * (8 - len(tokens))]))[0, len(tokens) - 1]
        tokens.append(int(logits.at[:START].set(-jnp.inf).argmax()))
    assert pieces == tokenizer.decode(tokens[4:])


def test_sampling_continues_when_the_context_is_full(decoder):
    assert len(written(sample(Sample(run=decoder, prompt="The ", max_new_tokens=30, temperature=2.0)))) > 8


def test_windows_count_each_target_once():
    tokens = np.arange(30)
    counted = [place for window, first in windows(tokens, 8) for place in window[1:][first:]]
    assert counted == list(range(1, 30))
    assert all(len(window) <= 9 for window, _ in windows(tokens, 8))


def test_token_log_probabilities_of_a_long_text_sum_to_that_of_one_pass(decoder):
    [found] = score(Score(run=decoder, text=["The vorpal blade went snicker-snack!"]))
    assert len(found.tokens) == 36
    assert found.total == pytest.approx(found.whole, abs=1e-3)


def test_an_empty_text_has_a_problem_instead_of_a_score(decoder):
    [found] = score(Score(run=decoder, text=[""]))
    assert "at least" in found.problem


def test_an_encoder_learns_its_classes(encoder):
    found = evaluate(Eval(run=encoder)).numbers
    assert found["accuracy"]["low"] < found["accuracy"]["value"] <= found["accuracy"]["high"]
    assert found["accuracy"]["value"] > 0.5
    assert sum(found["confusion"]["support"]) == found["accuracy"]["n"]


def test_masked_tokens_are_predicted_better_than_by_their_frequency(masked):
    found = evaluate(Eval(run=masked)).numbers
    assert found["accuracy"]["value"] > 0.3  # the most frequent character is a fifth of the text
    assert found["loss"]["n"] == found["accuracy"]["n"]


def test_the_mask_of_a_text_is_filled_with_the_most_probable_tokens(masked):
    (found,) = predict(Predict(run=masked, text=["Did gy<mask>e"], top=5))
    assert len(found.answers) == 5
    assert all(len(token) == 1 for token, _ in found.answers)
    probabilities = [number for _, number in found.answers]
    assert probabilities == sorted(probabilities, reverse=True)


def test_a_mask_beyond_the_context_has_a_problem(masked):
    (found,) = predict(Predict(run=masked, text=["x" * 30 + "<mask>"]))
    assert found.problem == "<mask> is token 31 of the text, and the model reads 16"


@pytest.mark.parametrize("text", ["no mask", "<mask> and <mask>"])
def test_a_text_to_fill_contains_one_mask(masked, text):
    with pytest.raises(UsageError, match="a text must contain <mask> once"):
        predict(Predict(run=masked, text=[text]))


def test_a_classifier_is_initialized_from_a_run_of_masked_tokens(masked, tmp_path):
    folder = run(tmp_path / "classifier", 1, **{**MASK, **CLASSIFY, "task": "classify", "init_from": masked})
    assert evaluate(Eval(run=folder)).numbers["accuracy"]["n"] > 0


def test_an_encoder_ranks_its_classes_by_probability(encoder):
    [found] = predict(Predict(run=encoder, text=["Where is the foe"], top=10))
    shares = [share for _, share in found.answers]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1.0)


def test_an_encoder_decoder_learns_its_training_pairs(pairs):
    learner = engine.load(Path(pairs), Learner, "last")
    batch = next(Learner.read(Train(**{**TINY, **PAIRS})).train_from(0))
    assert scored(learner, {**batch, "mask": np.ones(16, np.float32)})["exact_match"].value() > 0.9


def test_evaluation_counts_every_pair_of_the_test_split(pairs):
    found = evaluate(Eval(run=pairs)).numbers
    assert (found["split"], found["exact_match"]["n"]) == ("test", 20)
    assert found["exact_match"]["value"] <= found["accuracy"]["value"]


@pytest.mark.parametrize("beams", [1, 3])
def test_translations_have_their_log_probability_under_the_model(pairs, beams):
    learner = engine.load(Path(pairs), Learner)
    tokenizer = learner.facts.load()
    [found] = predict(Predict(run=pairs, text=["one two"], beams=beams, top=1))
    [(text, score)], [log_probability] = found.answers, found.log_probabilities
    source = tokenizer.encode("one two").astype(np.int32)
    target = jnp.array([[START, *tokenizer.encode(text).tolist(), END]])
    nats = written_nats(learner.network, jnp.asarray(source)[None], target)
    assert log_probability == pytest.approx(-float(nats), abs=1e-3)
    assert score == pytest.approx(log_probability / ((5 + target.shape[1] - 1) / 6) ** 0.6, rel=1e-5)


def test_translations_are_sorted_by_score(pairs):
    [found] = predict(Predict(run=pairs, text=["six six six"], beams=16, top=16))
    scores = [each["score"] for each in found.numbers()["predictions"]]
    assert found.measure == "score"
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize(("beams", "length_penalty"), [(1, 0.6), (4, 0.6), (4, 2.0)])
def test_evaluation_measures_the_first_translations_of_the_same_search(pairs, beams, length_penalty):
    search = {"beams": beams, "length_penalty": length_penalty}
    found = evaluate(Eval(run=pairs, **search)).numbers
    split = open_pairs(str(TEXTS / "numbers.tsv")).splits["test"]
    texts = [each.answers[0][0] for each in predict(Predict(run=pairs, text=list(split.sources), top=1, **search))]
    assert found["chrf"]["value"] == pytest.approx(bleu.scores(texts, split.targets)["chrf"]["value"])
    assert (found["chrf"]["n"], found["bleu"]["value"]) == (20, None)
    assert {name: found[name] for name in search} == search


def test_the_measured_exact_match_is_that_of_greedy_translations(pairs):
    found = evaluate(Eval(run=pairs)).numbers
    split = open_pairs(str(TEXTS / "numbers.tsv")).splits["test"]
    greedy = [each.answers[0][0] for each in predict(Predict(run=pairs, text=list(split.sources), beams=1, top=1))]
    right = sum(one == other for one, other in zip(greedy, split.targets, strict=True))
    assert found["exact_match"]["value"] == pytest.approx(right / 20)


def test_a_large_test_split_is_translated_in_part(pairs, monkeypatch):
    for name, value in (("_BATCH", 4), ("_MAX_PAIRS", 6)):
        monkeypatch.setattr(f"dlcli.techniques.transformer.eval.{name}", value)
    table = evaluate(Eval(run=pairs))
    assert (table.numbers["chrf"]["n"], table.numbers["exact_match"]["n"]) == (6, 20)
    assert any("N = 6 of 20 pairs" in row[2] for row in table.rows)


def test_log_probabilities_of_translations_are_finite(pairs):
    for found in predict(Predict(run=pairs, text=["one", "six six six"], beams=16, top=16)):
        answers = found.numbers()["predictions"]
        assert len(answers) == 16
        assert all(math.isfinite(each["log_probability"]) for each in answers)
        assert [each["probability"] for each in answers] == [math.exp(each["log_probability"]) for each in answers]


def test_a_truncated_text_has_a_notice_with_its_answer(encoder):
    with pytest.warns(Notice, match="has 24 tokens, of which the model reads the first 20"):
        long, same = predict(Predict(run=encoder, text=["Where is the foe " * 6, "Where is the foe " * 5]))
    assert long.numbers()["truncated"] == {"tokens": 24, "read": 20, "part": "first"}
    assert long.answers == same.answers
    assert same.truncated is None


def test_a_truncated_source_has_a_notice_with_its_answer(pairs):
    most = engine.load(Path(pairs), Learner).facts.max_source_length
    text = "one " * most
    with pytest.warns(Notice, match=f"has {len(text)} tokens, of which the model reads the first {most}"):
        [found] = predict(Predict(run=pairs, text=[text]))
    assert found.numbers()["truncated"] == {"tokens": len(text), "read": most, "part": "first"}


@pytest.mark.parametrize(("length", "cut"), [(7, False), (8, True), (20, True)])
def test_a_truncated_prompt_has_a_notice(decoder, length, cut):
    prompt = "The vorpal blade went"[:length]
    with contextlib.nullcontext() if not cut else pytest.warns(Notice, match="the model reads the last 4"):
        first, *_ = sample(Sample(run=decoder, prompt=prompt, max_new_tokens=1))
    assert (first.truncated is not None) == cut
    assert not cut or first.truncated.numbers() == {"tokens": length, "read": 4, "part": "last"}


def test_a_truncated_prompt_is_continued_from_the_part_that_is_read(decoder):
    learner = engine.load(Path(decoder), Learner)
    tokens = learner.facts.load().encode("The vorpal blade went")
    logits = full_pass(learner.network, jnp.pad(jnp.asarray(tokens[-4:], jnp.int32), (0, 4))[None])[0, 3]
    expected = learner.facts.load().decode([int(logits.at[:START].set(-jnp.inf).argmax())])
    with pytest.warns(Notice):
        assert (
            written(sample(Sample(run=decoder, prompt="The vorpal blade went", max_new_tokens=1, temperature=0)))
            == expected
        )


def test_scores_of_long_texts_name_their_windows(decoder):
    short, long = score(Score(run=decoder, text=["The vorp", "The vorpal"]))
    assert "windows" not in short.numbers()
    assert long.numbers()["windows"] == {"tokens": 8, "stride": 4}


def test_windowed_log_probabilities_equal_those_of_each_window(decoder):
    text = "The vorpal blade went snicker-snack! " * 4
    [found] = score(Score(run=decoder, text=[text]))
    learner = engine.load(Path(decoder), Learner)
    tokens = np.concatenate([[END], learner.facts.load().encode(text)]).astype(np.int32)
    expected = []
    for window, first in windows(tokens, 8):
        rows = np.pad(window, (0, 9 - len(window)))
        nats = -cross_entropy(full_pass(learner.network, jnp.asarray(rows[None, :-1])), jnp.asarray(rows[None, 1:]))[0]
        expected += nats[first : len(window) - 1].tolist()
    np.testing.assert_allclose(found.log_probabilities, expected, atol=1e-4)


def test_a_verb_refuses_a_run_of_another_shape(decoder, encoder):
    with pytest.raises(RunError, match=r"needs a run of --shape decoder; .* is a run of --shape encoder"):
        list(sample(Sample(run=encoder)))
    with pytest.raises(RunError, match="is a run of --shape decoder"):
        list(predict(Predict(run=decoder, text=["a"])))


def test_validation_ignores_dropout():
    (plain, data), (changed, _) = live(**CLASSIFY), live(**{**CLASSIFY, "dropout": 0.5}, label_smoothing=0.3)
    batch = next(iter(data.validation))
    assert scored(plain, batch)["loss"].value() == scored(changed, batch)["loss"].value()


def test_next_token_probabilities_do_not_depend_on_later_tokens(decoder):
    learner = engine.load(Path(decoder), Learner)
    first, second = (learner.next_log_probabilities(jnp.array([[END, 5, other]])) for other in (6, 7))
    np.testing.assert_allclose(first[:, :2], second[:, :2], atol=1e-6)
    np.testing.assert_allclose(jnp.exp(first).sum(axis=-1), np.ones([1, 3]), rtol=1e-5)


def test_more_tokens_than_the_context_are_refused(decoder):
    with pytest.raises(UsageError, match="at most 8 tokens"):
        engine.load(Path(decoder), Learner).next_log_probabilities(jnp.zeros([1, 9], int))
