"""The Python interface does what the command line does."""

import json
import re
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from flax import nnx

import dlcli
from dlcli.errors import DatasetError, RunError, UsageError

README = Path(__file__).parents[1] / "README.md"
TINY = {"dataset": "digits", "steps": 4, "channels": 2, "hidden": 4, "batch_size": 60, "report_every": 2}


@pytest.fixture(scope="module")
def cnn(cnn_run):
    return dlcli.load(cnn_run)


def test_importing_the_package_loads_no_library():
    code = "import sys, dlcli; print([m for m in ('pydantic', 'numpy', 'jax', 'typer') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_opening_a_run_and_its_history_loads_neither_jax_nor_numpy(cnn_run):
    code = f"""
import sys, dlcli
run = dlcli.load({str(cnn_run)!r})
assert run.options.steps == 6
assert [record["step"] for record in run.history if record["split"] == "train"] == [2, 4, 6]
print([m for m in ("jax", "numpy", "flax") if m in sys.modules])"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_an_option_that_a_run_cannot_honour_is_refused_before_jax_loads(cnn_run):
    code = f"""
import sys, dlcli
try:
    dlcli.evaluate({str(cnn_run)!r}, mc_dropout=3)
except dlcli.UserError as error:
    print(error.kind, "jax" in sys.modules)"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "usage False"


def test_the_example_of_the_readme_runs(tmp_path):
    code = re.search(r"## From Python\n\n```python\n(.*?)```", README.read_text(), re.DOTALL)[1]
    assert "steps=500" in code
    small = "steps=4, channels=2, hidden=4, batch_size=60"
    assert "trials=10" in code
    exec(code.replace("steps=500", small).replace("trials=10", f"trials=2, {small}"), names := {})
    assert 0 <= names["run"].evaluate()["accuracy"]["value"] <= 1
    assert isinstance(names["run"].model, nnx.Module)
    assert len(names["run"].predict(np.zeros([3, 8, 8, 1], np.uint8))) == 3
    assert (tmp_path / "confusion.png").read_bytes().startswith(b"\x89PNG")


def test_progress_gets_the_events_of_training(tmp_path):
    events = []
    dlcli.train("cnn", **TINY, out=tmp_path / "run", progress=events.append)
    names = [type(event).__name__ for event in events]
    assert (names[0], names[-1], names.count("Reported")) == ("Started", "Ended", 2)


def test_progress_prints_a_line_per_report(tmp_path, capsys):
    dlcli.train("cnn", **TINY, out=tmp_path / "run", progress=True)
    assert [line.split()[:3] for line in capsys.readouterr().err.splitlines()] == [
        ["step", "2", "train"],
        ["step", "4", "train"],
        ["step", "4", "validation"],
    ]


def test_a_resumed_run_has_more_steps(tmp_path):
    run = dlcli.train("cnn", **TINY, out=tmp_path / "run")
    assert run.resume(steps=6).history[-1]["step"] == 6


def test_evaluate_returns_the_numbers_of_the_command(cnn, cnn_run, request):
    _, out, _ = request.getfixturevalue("dlcli")("eval", cnn_run, "--json")
    assert json.loads(json.dumps(cnn.evaluate(), allow_nan=False)) == json.loads(out)


def test_the_last_weights_can_be_chosen(cnn_run):
    last = dlcli.load(cnn_run, use="last")
    assert last.evaluate()["use"] == "last"
    assert last.evaluate(use="best")["use"] == "best"


def test_arrays_and_files_of_the_same_image_are_predicted_the_same(cnn, tmp_path):
    from PIL import Image

    pixels = np.random.default_rng(0).integers(256, size=[8, 8], dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "image.png")
    [from_array], [from_file] = cnn.predict(pixels, top=10), cnn.predict(tmp_path / "image.png", top=10)
    assert from_array.answers == from_file.answers
    assert (from_array.source, from_file.source) == ("image 0", str(tmp_path / "image.png"))


def test_an_array_that_is_no_image_has_a_problem(cnn):
    [found] = cnn.predict(np.zeros([8, 8]))
    assert "must be uint8" in found.problem


def test_a_language_model_samples_texts_that_start_with_the_prompt(rnn_run):
    texts = dlcli.load(rnn_run).sample(prompt="the", max_new_tokens=3, count=2)
    assert len(texts) == 2
    assert all(text.startswith("the") for text in texts)


def test_a_language_model_scores_each_text(rnn_run):
    [first, second] = dlcli.score(rnn_run, ["the", "vorpal sword"])
    assert first.whole == pytest.approx(first.total, abs=1e-3)
    assert len(second.tokens) == len("vorpal sword")


def test_a_translation_is_predicted_from_a_string(transformer_run):
    [found] = dlcli.predict(transformer_run, "one two", top=1)
    assert found.source == "one two"


def test_images_are_sampled_as_an_array(gan_run):
    drawn = dlcli.sample(gan_run, count=3, seed=1)
    assert (drawn.shape, drawn.dtype) == ((3, 8, 8, 1), np.uint8)


@pytest.mark.parametrize("technique", ["gan", "diffusion", "rnn"])
def test_more_samples_of_a_run_compile_nothing(technique, request, compilations):
    run = dlcli.load(request.getfixturevalue(f"{technique}_run"))
    seeds = [{"seed": seed, "count": 2, **({"max_new_tokens": 9} if technique == "rnn" else {})} for seed in (1, 2)]
    first = run.sample(**seeds[0])
    jax.jit(lambda x: x * 5 + 2)(2.0)  # a compilation, to see that they are logged
    before = compilations()
    assert before
    second = run.sample(**seeds[1])
    assert compilations() == before
    assert any(np.any(one != other) for one, other in zip(first, second, strict=True))


def test_the_samples_of_the_learner_are_those_of_its_model(gan_run):
    run = dlcli.load(gan_run)
    drawn = run.sample(count=2, class_="1")
    assert isinstance(run.model, nnx.Module)
    np.testing.assert_array_equal(drawn, run.sample(count=2, class_="1"))


def test_words_are_queried_by_options(word2vec_run):
    run = dlcli.load(word2vec_run)
    word = run.facts.words[0]
    [found] = run.predict(nearest=[word], top=2)
    assert len(found.answers) == 2


def test_a_tokenizer_encodes_a_string(tokenizer_run):
    [found] = dlcli.load(tokenizer_run).predict("what is this")
    assert "".join(piece for piece, _ in found.tokens).replace("␣", " ").strip() == "what is this"


def test_a_figure_of_several_runs_takes_a_list(cnn, tmp_path):
    drawn = dlcli.draw("learning-curves", run=[cnn, cnn.path])
    assert drawn.numbers["runs"][0]["run"] == str(cnn.path)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda run: dlcli.train("cnn", stepps=3), UsageError, "there is no option stepps; did you mean 'steps'"),
        (lambda run: dlcli.train("cnn", optimizer="adan"), UsageError, "did you mean 'adam'"),
        (lambda run: dlcli.train("cnnn"), UsageError, "did you mean 'cnn'"),
        (lambda run: dlcli.train("cnn", dataset="nothing.npz"), DatasetError, "nothing.npz"),
        (lambda run: dlcli.load("nothing"), RunError, "found none for 'nothing'"),
        (lambda run: dlcli.load(run.path, use="worst"), UsageError, "'best' or 'last'"),
        (lambda run: run.sample(), UsageError, "a run of cnn has no sample"),
        (lambda run: run.evaluate(mc_droput=3), UsageError, "did you mean 'mc_dropout'"),
        (lambda run: run.evaluate(mc_dropout=3), UsageError, "needs a run of --dropout"),
        (lambda run: dlcli.draw("atention", run=run), UsageError, "did you mean 'attention'"),
        (lambda run: dlcli.draw("attention", run=run), RunError, "needs a run of transformer"),
        (lambda run: dlcli.draw("filters", run=run, out="filters.xyz"), UsageError, r"\.xyz"),
    ],
)
def test_what_cannot_be_done_is_a_user_error(cnn, call, kind, message):
    with pytest.raises(dlcli.UserError, match=message) as caught:
        call(cnn)
    assert isinstance(caught.value, kind)
    assert caught.value.kind == kind.kind
