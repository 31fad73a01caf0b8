import json
from pathlib import Path

import pytest

from dlcli.cli.typer_options import columns, validate
from dlcli.data.text import tokenizers
from dlcli.data.text.catalogue import open_texts
from dlcli.engine import direct
from dlcli.errors import RunError, UsageError
from dlcli.options.common import DataOptions, EvalOptions
from dlcli.techniques.rnn import options as rnn
from dlcli.techniques.tokenizer import token_statistics
from dlcli.techniques.tokenizer import train as trainer
from dlcli.techniques.tokenizer.options import Eval, Predict, Train
from dlcli.techniques.transformer import options as transformer
from dlcli.techniques.word2vec import options as word2vec
from tests.reading import evaluate, predict

QUESTIONS = str(Path(__file__).parents[1] / "questions.tsv")
TINY = {"dataset": QUESTIONS, "vocab_size": 300}
INPUTS = {"predict": lambda folder: {"text": ["Where is the bridge?", "\udce9", "Who?"]}}


@pytest.fixture
def trained(tmp_path):
    begun = direct.prepare("tokenizer", trainer, Train(out=tmp_path / "run", **TINY))
    return direct.train(trainer, begun).folder


def test_predictions_are_in_order_with_a_problem_for_invalid_text(trained):
    where, no, who = predict(Predict(run=str(trained), **INPUTS["predict"](trained)))
    assert "".join(piece for piece, _ in where.tokens) == "Where␣is␣the␣bridge?"
    assert [piece for piece, _ in who.tokens] != []
    assert "must be UTF-8" in no.problem
    assert json.dumps(no.numbers())


def test_predicted_tokens_equal_those_of_the_saved_tokenizer(trained):
    [found] = predict(Predict(run=str(trained), text=["How many?"]))
    ids = tokenizers.load(trained).encode("How many?").tolist()
    assert [number for _, number in found.tokens] == ids
    assert found.numbers()["tokens"][0] == {"piece": found.tokens[0][0], "id": ids[0]}


def test_evaluation_counts_the_test_split(trained):
    found = evaluate(Eval(run=str(trained))).numbers
    texts = open_texts(QUESTIONS).splits["test"].texts
    tokenizer = tokenizers.load(trained)
    assert found["split"] == "test"
    assert found["characters"] == sum(map(len, texts))
    assert found["tokens"] == sum(len(tokenizer.encode(each)) for each in texts)
    assert found["characters_per_token"] == pytest.approx(found["characters"] / found["tokens"])
    assert found["unknown_rate"] == 0


def test_evaluation_without_a_test_split_names_the_validation_split(trained, tmp_path):
    (tmp_path / "plays.txt").write_text("to be or not to be\n" * 20)
    table = evaluate(Eval(run=str(trained), dataset=str(tmp_path / "plays.txt")))
    assert table.numbers["split"] == "validation"
    assert "has no test split" in table.title


def test_unknown_tokens_are_counted():
    tokenizer = tokenizers.train("words", 6, ["a a b b b"])
    counts = token_statistics.count(tokenizer, ["a b c c"])
    assert (counts.tokens, counts.unknown, counts.words) == (4, 2, 4)
    assert counts.ratios()["vocabulary_usage"] == 3 / 6


def test_a_vocabulary_smaller_than_all_bytes_is_refused():
    with pytest.raises(ValueError, match="--kind bpe needs --vocab-size 260 or more, got 100"):
        Train(vocab_size=100)


@pytest.mark.parametrize("kind", ["unigram", "wordpiece"])
def test_a_vocabulary_too_small_for_the_text_is_refused_before_a_run_folder_exists(tmp_path, kind):
    options = Train(out=tmp_path / "run", dataset=QUESTIONS, kind=kind, vocab_size=8)
    with pytest.raises(UsageError, match=f"{kind} needs --vocab-size"):
        direct.train(trainer, direct.prepare("tokenizer", trainer, options))
    assert not (tmp_path / "run").exists()


def test_a_corrupt_tokenizer_file_is_a_run_error(trained):
    (trained / "tokenizer.json").write_text("{}")
    with pytest.raises(RunError, match="cannot be read as a tokenizer"):
        evaluate(Eval(run=str(trained)))


def test_an_unknown_data_set_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match="did you mean pydocs"):
        trainer.read(Train(dataset="pydoc"))


@pytest.mark.parametrize("model", [Train, rnn.Train, transformer.Train, word2vec.Train])
def test_the_help_of_text_techniques_names_only_text_sets(model):
    description = columns(model)["dataset"].field.description
    assert all(each in description for each in ("pydocs", ".txt", ".tsv", ".csv", ".jsonl", ".xz", ".gz", "folder"))
    assert not any(each in description for each in ("tfds", "folder:PATH"))


@pytest.mark.parametrize("technique", [rnn, transformer, word2vec])
def test_text_techniques_offer_no_options_of_stored_images(technique):
    offered = {name for model in (technique.Train, technique.Eval) for name in model.model_fields}
    assert offered.isdisjoint({"data_dir", "memory_limit"})


@pytest.mark.parametrize("model", [DataOptions, EvalOptions, Train, Eval, rnn.Train, transformer.Train, word2vec.Train])
def test_an_empty_name_of_a_data_set_is_not_the_current_folder(model):
    run = {"run": "runs/mine"} if "run" in model.model_fields else {}
    with pytest.raises(UsageError, match="--dataset must name a data set, got ''"):
        validate(model, {"dataset": "", **run})
