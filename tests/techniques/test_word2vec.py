import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dlcli import engine
from dlcli.data.text.words import WordFacts
from dlcli.engine import devices
from dlcli.engine.load import one_device
from dlcli.engine.program import Program
from dlcli.errors import DatasetError, UsageError
from dlcli.techniques.word2vec import benchmarks, learning_rates, rows
from dlcli.techniques.word2vec.cbow import Cbow, context_sum
from dlcli.techniques.word2vec.eval import analogy_accuracy, similarity
from dlcli.techniques.word2vec.learner import MODELS, Learner
from dlcli.techniques.word2vec.negative_sampling import NegativeSamplingDistribution, alias_table
from dlcli.techniques.word2vec.options import Eval, Predict, Train
from dlcli.techniques.word2vec.skip_gram import SkipGram
from dlcli.techniques.word2vec.word_vectors import WordVectors, analogy
from tests.reading import evaluate, predict

QUESTIONS = str(Path(__file__).parents[1] / "questions.tsv")
TINY = {"dataset": QUESTIONS, "min_count": 2, "batch_size": 64, "vector_size": 8, "learning_rate": 0.1}
FURTHER = {"subwords": True, "buckets": 50}
INPUTS = {
    "predict": lambda folder: {"nearest": ("the",), "analogy": ("who", "is", "where"), "similarity": ("a", "the")}
}
NAMES = pytest.mark.parametrize("name", ["skip-gram", "cbow"])


@pytest.fixture(scope="module", autouse=True)
def _cached_compilations():
    devices.prepare("auto")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("word2vec") / "trained"
    list(engine.fit(Learner, Train(out=folder, steps=3, **TINY)))
    return folder


def running(words, sentence=None, context_size=None):
    """Return a batch of running text; by default one sentence with the largest contexts."""
    words = np.asarray(words, np.int32)
    return {
        "word": words,
        "sentence": np.zeros_like(words) if sentence is None else np.asarray(sentence, np.int32),
        "context_size": np.full_like(words, 2) if context_size is None else np.asarray(context_size, np.int32),
    }


def learner(batch_size, words=12, **changes):
    facts = WordFacts(words=tuple(map(str, range(words))), counts=tuple(range(words, 0, -1)), lower=True)
    options = Train(dataset="none", batch_size=batch_size, window=2, vector_size=4, sample=0, steps=100, **changes)
    made = Learner(options, facts)
    rng = np.random.default_rng(1)
    for table in (made.input_vectors, made.output_vectors):
        table[...] = jnp.asarray(rng.normal(size=(words, 4)), jnp.float32)
    return made


def contexts(batch):
    """Return each center with its context, as positions in the batch."""
    found = []
    for place, reach in enumerate(batch["context_size"]):
        around = [p for p in range(place - reach, place + reach + 1) if 0 <= p < len(batch["word"]) and p != place]
        found.append((place, [p for p in around if batch["sentence"][p] == batch["sentence"][place]]))
    return found


def plain_loss(name, tables, batch, negatives, weight):
    """Sum the loss of the papers, one prediction after the other."""
    inputs, outputs, words, total = *tables, batch["word"], 0.0

    def prediction(vector, word, negative):
        return jax.nn.softplus(-vector @ outputs[word]) + weight * jax.nn.softplus(outputs[negative] @ vector).sum()

    for place, context in contexts(batch):
        drawn = negatives[place // rows.ROW]
        if name == "skip-gram":
            total += sum(prediction(inputs[words[place]], words[other], drawn) for other in context)
        elif context:
            total += prediction(inputs[words[jnp.asarray(context)]].mean(axis=0), words[place], drawn)
    return total


TEXT = running([3, 1, 4, 1, 5, 9, 2, 6, 0, 0], [0, 0, 0, 0, 0, 7, 7, 7, -1, -1], [2, 1, 2, 2, 1, 2, 1, 2, 0, 0])


@NAMES
def test_the_loss_equals_a_plain_sum_over_predictions(name, monkeypatch):
    monkeypatch.setattr(rows, "ROW", 4)
    made = learner(10, model=name)
    text = MODELS[name].split(*map(jnp.asarray, TEXT.values()), 2)
    negatives = jnp.asarray(np.random.default_rng(2).integers(0, 12, [text.rows, 3]), jnp.int32)
    inputs, outputs = text.inputs, text.outputs(negatives)
    found = text.loss(made.input_vectors[inputs], made.output_vectors[outputs], 5 / 3)
    slow = plain_loss(name, (made.input_vectors[...], made.output_vectors[...]), TEXT, np.asarray(negatives), 5 / 3)
    np.testing.assert_allclose(found, slow, rtol=1e-5)


@NAMES
def test_a_step_equals_gradient_descent_on_the_dense_loss(name, monkeypatch):
    monkeypatch.setattr(rows, "ROW", 4)
    monkeypatch.setattr(rows, "NEGATIVES", 3)
    made = learner(10, model=name, learning_rate=0.025, negative=2)
    drawn = np.random.default_rng(2).integers(0, 12, [3, 3])
    negatives = jnp.asarray(drawn, jnp.int32)
    monkeypatch.setattr(NegativeSamplingDistribution, "sample", lambda self, key, shape: negatives)
    before = made.input_vectors[...], made.output_vectors[...]
    dense = jax.grad(lambda tables: plain_loss(name, tables, TEXT, drawn, 2 / 3))(before)
    made.update(TEXT)
    for after, start, gradient in zip((made.input_vectors, made.output_vectors), before, dense, strict=True):
        np.testing.assert_allclose(after[...], start - 0.025 * gradient, rtol=1e-4, atol=1e-6)


def test_a_row_has_at_least_the_negatives_of_a_pair():
    assert [learner(10, negative=count).row_negatives for count in (5, 16, 40)] == [16, 16, 40]


@NAMES
def test_a_step_changes_only_input_vectors_of_the_batch(name):
    made = learner(10, words=500, model=name)
    before = np.asarray(made.input_vectors[...])
    made.update(TEXT)
    changed = np.flatnonzero((np.asarray(made.input_vectors[...]) != before).any(axis=1))
    assert set(changed) == {3, 1, 4, 5, 9, 2, 6}


def test_pairs_are_within_the_sentence_within_the_context_size():
    text = SkipGram.split(*map(jnp.asarray, TEXT.values()), 2)
    found = {
        (int(row) * rows.ROW + int(center), int(row) * rows.ROW + int(candidate) - 2)
        for row, candidate, center in zip(*np.nonzero(text.pairs), strict=True)
    }
    assert found == {(place, other) for place, context in contexts(TEXT) for other in context}


def test_predictions_are_pairs_of_skip_gram_or_centers_of_cbow():
    texts = {name: model.split(*map(jnp.asarray, TEXT.values()), 2) for name, model in MODELS.items()}
    pairs = [len(context) for _, context in contexts(TEXT)]
    assert texts["skip-gram"].predictions() == sum(pairs)
    assert texts["cbow"].predictions() == sum(count > 0 for count in pairs)


def test_the_derivative_of_the_context_sum_is_that_of_a_matrix_product():
    text = Cbow.split(*map(jnp.asarray, TEXT.values()), 2)
    rng = np.random.default_rng(3)
    vectors, change = rng.normal(size=[len(text.words), 4]), rng.normal(size=[len(text.centers), 4])
    matrix = np.zeros([len(text.centers), len(text.words)])
    for row, offset in enumerate((-2, -1, 1, 2)):
        for center in np.flatnonzero(text.context[row]):
            matrix[center, center + 2 + offset] = 1
    found, backward = jax.vjp(context_sum, jnp.asarray(vectors, jnp.float32), text.context)
    np.testing.assert_allclose(found, matrix @ vectors, atol=1e-5)
    np.testing.assert_allclose(backward(jnp.asarray(change, jnp.float32))[0], matrix.T @ change, atol=1e-5)


def test_the_learning_rate_decreases_linearly_to_that_of_gensim(trained):
    found = [json.loads(line) for line in (trained / "metrics.jsonl").read_text().splitlines()]
    made = learner(10)
    assert made.schedule(0) == pytest.approx(0.025)
    assert made.schedule(50) == pytest.approx((0.025 + 0.0001) / 2)
    assert made.schedule(100) == pytest.approx(0.0001, rel=1e-4)
    assert found[-1]["step"] == 3


def test_only_gradients_of_very_frequent_words_are_scaled_down():
    counts = tuple(int(100_000 / rank) for rank in range(1, 2001))
    facts = WordFacts(words=tuple(map(str, range(2000))), counts=counts, lower=True)
    small, large = (
        [learning_rates.limited(options, each) for each in learning_rates.expected_updates(options, facts, None)]
        for options in (Train(dataset="none", batch_size=size) for size in (8, 4096))
    )
    assert all((each == 1).all() for each in small)
    for each in large:
        assert (np.diff(each) >= 0).all()
        assert each[0] < 0.2
        assert each[-1] == 1


def test_negatives_have_the_distribution_of_the_paper():
    counts = np.array([1000, 300, 100, 30, 1])
    drawn = NegativeSamplingDistribution(tuple(counts.tolist())).sample(jax.random.key(0), (200_000,))
    expected = counts**0.75 / (counts**0.75).sum()
    assert np.bincount(drawn, minlength=5) / 200_000 == pytest.approx(expected, abs=0.004)


def test_an_alias_table_sums_to_the_weights():
    weights = np.random.default_rng(0).random(50)
    shares, aliases = alias_table(weights)
    total = shares.astype(float)
    np.add.at(total, aliases, 1 - shares)
    assert total / 50 == pytest.approx(weights / weights.sum(), rel=1e-4)


def test_the_held_out_loss_uses_the_same_negatives_each_time():
    made = learner(10)
    first = made.score(TEXT)["loss"].value()
    made.rngs.negative()
    assert made.score(TEXT)["loss"].value() == first


def test_the_loss_of_an_untrained_pair_is_six_times_log_2():
    made = learner(10)
    made.output_vectors[...] = jnp.zeros_like(made.output_vectors[...])
    assert made.score(TEXT)["loss"].value() == pytest.approx(6 * np.log(2), rel=1e-5)


@pytest.fixture
def vectors():
    """Return vectors in the plane by angle; "far" is longer, with the direction of "north"."""
    angles = {"north": 90, "northeast": 45, "east": 0, "southeast": -45, "south": -90}
    rows = [(np.cos(np.radians(each)), np.sin(np.radians(each))) for each in angles.values()]
    facts = WordFacts(words=(*angles, "far"), counts=(6, 5, 4, 3, 2, 1), lower=True)
    return WordVectors(facts, np.asarray([*rows, (0, 3)], np.float32))


def test_the_nearest_words_have_the_smallest_angle(vectors):
    found = vectors.nearest(vectors.unit_vectors[0], [0], 3)
    assert [word for word, _ in found] == ["far", "northeast", "east"]
    assert [cosine for _, cosine in found] == pytest.approx([1, 0.5**0.5, 0], abs=1e-6)


def test_an_analogy_adds_the_difference_of_the_first_two(vectors):
    [(word, _)] = vectors.nearest(analogy(*vectors.unit_vectors[:3]), [0, 1, 2], 1)
    assert word == "southeast"


def test_an_unknown_word_is_answered_with_the_nearest_spelling(vectors):
    with pytest.raises(UsageError, match=r"--nearest needs a word .* got 'nort'; did you mean 'north'\?"):
        vectors.require("--nearest", "nort")
    assert vectors.require("--nearest", "NORTH") == 0


def test_similarity_is_the_rank_correlation_of_known_pairs(vectors):
    asked = [("north", "far", 9.0), ("north", "northeast", 7.0), ("north", "east", 5.0), ("north", "south", 6.0)]
    found = similarity(vectors, [*asked, ("north", "nowhere", 1.0)])
    assert found["spearman"] == pytest.approx(0.8)  # 1 - 6 · (0 + 0 + 1 + 1) / (4 · 15)
    assert (found["n"], found["out_of_vocabulary"]) == (4, 1)


def test_analogies_are_counted_by_section_among_the_most_frequent_words(vectors):
    sections = {
        "right": [("North", "Northeast", "East", "Southeast"), ("north", "northeast", "northeast", "east")],
        "wrong": [("north", "northeast", "east", "south"), ("north", "northeast", "east", "far")],
    }
    found = analogy_accuracy(vectors, sections, restrict_vocab=5)
    assert (found["correct"], found["n"], found["total"]) == (2, 3, 4)
    assert found["sections"]["right"]["value"] == 1
    assert found["sections"]["wrong"]["value"] == 0


def test_pairs_are_read_in_all_usual_formats(tmp_path):
    forms = [
        "# comment\n# Word 1\tWord 2\tHuman\na\tb\t1.5\nc\td\t2\n",
        "Word 1,Word 2,Human\na,b,1.5\nc,d,2\n",
        "a b 1.5\nc d 2",
    ]
    for number, text in enumerate(forms):
        (tmp_path / str(number)).write_text(text)
        assert benchmarks.pairs(tmp_path / str(number)) == [("a", "b", 1.5), ("c", "d", 2.0)]


@pytest.mark.parametrize(
    ("read", "text", "reason"),
    [
        (benchmarks.pairs, "a b 1\nc d\n", "line 2 of .* must have two words and a number"),
        (benchmarks.pairs, "a b 1\n", "at least two word pairs, found 1"),
        (benchmarks.analogies, ": one\na b c\n", "line 2 of .* must have four words"),
        (benchmarks.analogies, ": one\n", "at least one analogy, found none"),
    ],
)
def test_a_malformed_benchmark_file_is_refused_with_the_line(read, text, reason, tmp_path):
    (tmp_path / "file").write_text(text)
    with pytest.raises(DatasetError, match=reason):
        read(tmp_path / "file")
    with pytest.raises(DatasetError, match="does not exist"):
        read(tmp_path / "nowhere")


def test_evaluation_measures_the_test_loss_or_the_benchmark_files(trained, tmp_path):
    (tmp_path / "pairs.tsv").write_text("a\tthe\t5\nwho\tis\t7\nwho\tnowhere\t1\n")
    (tmp_path / "analogies.txt").write_text(": some\na the who is\n")
    plain = evaluate(Eval(run=str(trained))).numbers
    assert plain["split"] == "test"
    assert 0 < plain["loss"]["value"] < 6 * np.log(2) + 0.1
    asked = Eval(run=str(trained), pairs=(tmp_path / "pairs.tsv",), analogies=tmp_path / "analogies.txt")
    found = evaluate(asked).numbers
    assert "loss" not in found
    assert (found["pairs"][str(tmp_path / "pairs.tsv")]["n"], found["analogies"]["n"]) == (2, 1)


def written(path):
    """Read a file of vectors in word2vec's format."""
    data = path.read_bytes()
    head, rest = data.split(b"\n", 1)
    count, size = map(int, head.split())
    found = {}
    for _ in range(count):
        word, rest = rest.split(b" ", 1)
        if path.suffix == ".bin":
            numbers, rest = np.frombuffer(rest[: 4 * size], "<f4"), rest[4 * size :]
            assert rest[:1] == b"\n"
            rest = rest[1:]
        else:
            line, rest = rest.split(b"\n", 1)
            numbers = np.array(line.split(), np.float32)
        found[word.decode()] = numbers
    assert not rest
    return found


@pytest.mark.parametrize("extension", ["txt", "bin"])
def test_written_vectors_are_bit_identical(vectors, extension, tmp_path):
    path = tmp_path / f"vectors.{extension}"
    vectors.write(path)
    found = written(path)
    assert tuple(found) == vectors.words
    np.testing.assert_array_equal(np.stack(list(found.values())), vectors.vectors)


@pytest.mark.slow
@pytest.mark.parametrize("extension", ["txt", "bin"])
def test_gensim_reads_the_vectors(vectors, extension, tmp_path):
    gensim = pytest.importorskip("gensim")
    path = tmp_path / f"vectors.{extension}"
    vectors.write(path)
    found = gensim.models.KeyedVectors.load_word2vec_format(str(path), binary=extension == "bin")
    assert tuple(found.index_to_key) == vectors.words
    np.testing.assert_array_equal(found.vectors, vectors.vectors)


def test_words_with_spaces_cannot_be_written(tmp_path):
    facts = WordFacts(words=("new york", "a"), counts=(2, 1), lower=True)
    with pytest.raises(UsageError, match="'new york'"):
        WordVectors(facts, np.ones([2, 2], np.float32)).write(tmp_path / "vectors.txt")
    assert list(tmp_path.iterdir()) == []


def test_each_query_is_answered_in_order(trained, tmp_path):
    near, solved, pair = predict(Predict(run=str(trained), top=3, **INPUTS["predict"](tmp_path)))
    assert near.source == "the"
    assert [len(each.answers) for each in (near, solved, pair)] == [3, 3, 1]
    assert not {"who", "is", "where"} & {word for word, _ in solved.answers}
    assert pair.numbers()["predictions"] == [{"label": "cosine", "cosine": pair.answers[0][1]}]


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        ((), 2, "give --nearest"),
        (("--nearest", "whoo"), 2, "did you mean 'who'?"),
        (("--analogy", "a", "b"), 2, "analogy"),
        (("--vectors", "vectors.bin"), 2, "dlcli export word2vec --format word2vec --out vectors.bin"),
    ],
)
def test_an_invalid_query_is_refused_with_the_reason(dlcli, trained, arguments, code, reason):
    found, _, err = dlcli("predict", "word2vec", "--run", trained, *arguments)
    assert found == code
    assert reason in err


def test_an_analogy_is_one_option_with_three_words(dlcli, trained):
    code, out, _ = dlcli(
        "predict", "word2vec", "--run", trained, "--analogy", "who", "is", "where", "--top", 2, "--json"
    )
    assert code == 0
    found = json.loads(out)
    assert found["input"] == "who : is = where : ?"
    assert [set(each) for each in found["predictions"]] == [{"label", "cosine"}] * 2


@pytest.mark.parametrize("pattern", ["(", "(a)", "[a-z]*"])
def test_an_invalid_word_pattern_is_refused(dlcli, pattern):
    code, _, err = dlcli("train", "word2vec", "--pattern", pattern)
    assert code == 2
    assert "--pattern must" in err


def test_optimizer_options_are_not_offered(dlcli):
    code, _, err = dlcli("train", "word2vec", "--optimizer", "adam")
    assert code == 2
    assert "--optimizer" in err


def test_a_plan_counts_the_steps_of_the_default_epochs(dlcli):
    code, out, _ = dlcli("train", "word2vec", "--plan", "--json", *flags(TINY))
    found = json.loads(out)
    assert code == 0
    assert found["options"]["steps"] == -(-5 * found["sizes"]["train"] // 64)
    assert found["origins"]["steps"] == "--epochs 5, default"


def flags(options):
    return [text for name, value in options.items() for text in (f"--{name.replace('_', '-')}", value)]


@pytest.mark.slow
@NAMES
def test_the_time_of_a_step_does_not_depend_on_the_vocabulary(name):
    import time

    def milliseconds(words):
        facts = WordFacts(words=tuple(map(str, range(words))), counts=tuple(range(words, 0, -1)), lower=True)
        options = Train(dataset="none", model=name, steps=100)
        program = Program(Learner, options, facts, one_device())
        rng = np.random.default_rng(0)
        text = running(rng.integers(0, words, 4096), np.arange(4096) // 20, rng.integers(1, 6, 4096))
        leaves, batch = program.initial(), jax.device_put(text)
        window, times = program.empty_window(batch), []
        for _ in range(30):
            start = time.process_time()
            leaves, window = program.update(leaves, window, batch)
            jax.block_until_ready(leaves)
            times.append(time.process_time() - start)
        return sorted(times)[5] * 1e3

    assert milliseconds(500_000) < 1.5 * milliseconds(50_000)


def test_a_validation_split_without_any_context_is_measured(tmp_path):
    (tmp_path / "train.txt").write_text("one two three four five six\n" * 60)
    (tmp_path / "validation.txt").write_text("one\ntwo\nthree\n")
    options = Train(dataset=str(tmp_path), min_count=1, steps=2, batch_size=64, out=tmp_path / "run")
    *_, end = engine.fit(Learner, options)
    assert end.best["loss"] == 0.0
