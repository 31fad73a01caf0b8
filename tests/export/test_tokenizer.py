"""Tokenizers as folders for the transformers library."""

import json

import pytest
import tokenizers as library

import dlcli
from dlcli.data.text import tokenizers
from dlcli.errors import UsageError

TEXTS = ("what is the capital of a country ?", "one two", "<end> of a text", "né…")


def of(run):
    return tokenizers.load(run.path) if run.technique == "tokenizer" else run.facts.load()


@pytest.mark.parametrize("name", ["tokenizer_run", "rnn_run", "transformer_run"])
def test_the_library_encodes_as_the_run_does(name, request, tmp_path):
    run = dlcli.load(request.getfixturevalue(name))
    run.export("tokenizer", tmp_path / "tokenizer")
    found = library.Tokenizer.from_file(str(tmp_path / "tokenizer" / "tokenizer.json"))
    found.encode_special_tokens = True  # `split_special_tokens` of tokenizer_config.json
    for text in TEXTS:
        assert found.encode(text, add_special_tokens=False).ids == of(run).encode(text).tolist()


def test_the_configuration_names_the_special_tokens(tokenizer_run, tmp_path):
    dlcli.load(tokenizer_run).export("tokenizer", tmp_path / "tokenizer")
    found = json.loads((tmp_path / "tokenizer" / "tokenizer_config.json").read_text())
    assert found["pad_token"] == "<pad>"
    assert (found["bos_token"], found["eos_token"]) == ("<start>", "<end>")


def test_images_have_no_tokenizer(cnn_run, tmp_path):
    with pytest.raises(UsageError, match="needs a run of text"):
        dlcli.load(cnn_run).export("tokenizer", tmp_path / "tokenizer")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tokenizer_run", "rnn_run", "transformer_run"])
def test_transformers_encodes_as_the_run_does(name, request, tmp_path):
    transformers = pytest.importorskip("transformers")
    run = dlcli.load(request.getfixturevalue(name))
    run.export("tokenizer", tmp_path / "tokenizer")
    found = transformers.AutoTokenizer.from_pretrained(tmp_path / "tokenizer")
    for text in TEXTS:
        ids = of(run).encode(text).tolist()
        assert found(text, add_special_tokens=False)["input_ids"] == ids
        assert found.decode(ids) == of(run).decode(ids)
