"""Options without effect, and names that no file can have."""

import json

import pytest
from pydantic import ValidationError

from dlcli import figures, studies, techniques
from dlcli.cli.typer_options import validate
from dlcli.errors import UsageError
from dlcli.options.common import Options
from dlcli.options.fields import Needs

MODELS = [
    model
    for name in techniques.names()
    for verb in ("train", "eval", "sample", "predict", "score")
    if (model := techniques.options(name, verb))
]
MODELS += [*figures.catalogue().values(), *studies.catalogue().values()]

WITHOUT_EFFECT = [
    (["train", "cnn", "--optimizer", "adam", "--momentum", "0.5"], "--momentum 0.5 needs --optimizer momentum, nester"),
    (["train", "cnn", "--momentum", "0.9"], "with --optimizer adam it has no effect"),
    (["train", "cnn", "--depth", "20"], "--depth 20 needs --arch resnet"),
    (["train", "cnn", "--arch", "resnet", "--stages", "3"], "--stages 3 has no effect with --arch resnet; omit it"),
    (["train", "gan", "--optimizer", "sgd", "--beta1", "0.3"], "--beta1 0.3 needs --optimizer adam or adamw"),
    (["train", "gan", "--dataset", "ring", "--image-size", "16"], "--image-size 16 has no effect with --dataset ring"),
    (["train", "diffusion", "--dataset", "grid", "--no-attention"], "--attention has no effect with --dataset grid"),
    (["train", "diffusion", "--label-dropout", "0.2"], "--label-dropout 0.2 needs --conditional"),
    (
        ["train", "diffusion", "--parameterization", "flow", "--noise-schedule", "linear"],
        "--noise-schedule linear has no effect with --parameterization flow",
    ),
    (["train", "transformer", "--optimizer", "muon", "--beta2", "0.9"], "--beta2 0.9 needs --optimizer adam or adamw"),
    (["train", "rnn", "--tokenizer", "t.json", "--vocab-size", "900"], "--vocab-size 900 needs --tokenizer characters"),
    (["train", "rnn", "--pool", "mean"], "--pool mean needs --task classify"),
    (["train", "rnn", "--task", "classify", "--tie-embeddings"], "--tie-embeddings needs --task language"),
    (["sample", "rnn", "--temperature", "0", "--top-k", "5"], "--top-k 5 needs --temperature"),
    (["predict", "word2vec", "--similarity", "a", "b", "--top", "3"], "--top 3 needs --nearest or --analogy"),
    (["viz", "pooling", "--layer", "conv1"], "--layer conv1 needs --run"),
    (["viz", "pooling", "--image", "a.png", "--dataset", "digits"], "--dataset digits has no effect with --image"),
    (["viz", "embeddings", "--words", "a,b,c,d", "--count", "9"], "--count 9 has no effect with --words a,b,c,d"),
    (["viz", "embeddings", "--neighbors", "9"], "--neighbors 9 needs --words"),
    (["viz", "subwords", "--text", "a", "--count", "9"], "--count 9 has no effect with --text"),
    (["viz", "attention", "--text", "a", "--index", "9"], "--index 9 has no effect with --text a"),
    (["viz", "attention-mask", "--shape", "decoder", "--length", "5"], "has no effect with --shape decoder"),
    (["viz", "optimizer-surface", "--optimizers", "sgd,adam:0.1", "--momentum", "0.8"], "needs --optimizers momentum"),
]


@pytest.mark.parametrize(
    ("arguments", "message"), WITHOUT_EFFECT, ids=lambda each: " ".join(each) if isinstance(each, list) else ""
)
def test_an_option_without_effect_is_refused(dlcli, arguments, message):
    code, out, err = dlcli(*arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("technique", "given"),
    [
        ("cnn", {"optimizer": "rmsprop", "momentum": 0.5}),
        ("gan", {"dataset": "ring", "optimizer": "sgd"}),  # a density chooses beta1, which sgd has no use for
        ("gan", {"optimizer": "sgd", "loss": "wasserstein"}),
        ("transformer", {"shape": "encoder", "optimizer": "muon"}),
        ("diffusion", {"parameterization": "flow", "dataset": "ring"}),
        ("rnn", {"tokenizer": "pieces.json"}),
    ],
)
def test_the_options_of_a_run_validate_again(technique, given):
    model = techniques.options(technique, "train")
    first = model(**given)
    everything = {name: value for name, value in json.loads(first.model_dump_json()).items() if value is not None}
    assert validate(model, everything) == first
    assert validate(model, {**everything, "seed": 3}, flags=["seed"]).seed == 3


def test_an_option_without_effect_is_refused_in_a_file_only_if_it_differs_from_the_default():
    model = techniques.options("cnn", "train")
    assert validate(model, {"momentum": 0.9}).momentum == 0.9
    with pytest.raises(UsageError, match=r"--momentum 0\.8 needs"):
        validate(model, {"momentum": 0.8})


def test_options_of_an_existing_run_are_not_checked():
    model = techniques.options("cnn", "train")
    assert validate(model, {"momentum": 0.8, "steps": 3}, flags=["steps"], kept=["momentum"]).momentum == 0.8


def test_turning_off_an_option_without_effect_is_accepted():
    assert not validate(
        techniques.options("rnn", "train"), {"task": "classify", "tie_embeddings": False}, flags=["tie_embeddings"]
    ).tie_embeddings


@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{model.__module__}.{model.__name__}")
def test_every_needed_option_exists(model: type[Options]):
    trained = {name for each in techniques.names() for name in techniques.options(each, "train").model_fields}
    for field in model.model_fields.values():
        for need in (each for each in field.metadata if isinstance(each, Needs)):
            names = (need.option,) if isinstance(need.option, str) else need.option
            assert set(names) <= (trained if need.of_run else set(model.model_fields))


@pytest.mark.parametrize("name", ["out", "dataset", "data_dir", "backbone_from"])
def test_an_impossible_file_name_is_refused(name):
    model = techniques.options("cnn", "train")
    for value, reason in [("a" * 300, "at most 255 bytes"), ("a/" * 2500, "4095"), ("a\0b", "NUL")]:
        with pytest.raises(ValidationError, match=f"--{name.replace('_', '-')} must .*{reason}"):
            model(**{"backbone_from": "x", name: value})
