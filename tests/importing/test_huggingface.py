"""Model folders of Hugging Face come back as runs. Slow tests compare them with the transformers library."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import tokenizers
from safetensors.numpy import load_file, save_file
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors

from dlcli import api, engine
from dlcli.errors import RunError
from dlcli.techniques.transformer.learner import Learner
from dlcli.techniques.transformer.options import Train

TEXTS = Path(__file__).parents[1] / "texts"
TEXT = "'Twas brillig, and the slithy toves"
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "slithy", "toves", "cat", "##s", ",", "how", "old", "is", "far"]
BERT = {
    "model_type": "bert",
    "hidden_size": 8,
    "num_attention_heads": 2,
    "num_hidden_layers": 2,
    "intermediate_size": 12,
    "max_position_embeddings": 10,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-12,
    "vocab_size": len(WORDS),
}
ROPE = {
    "rope_type": "llama3",
    "rope_theta": 100.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 16,
}


@pytest.fixture(scope="module", params=["gpt2", "modern", "original", "llama", "qwen2"])
def exported(request, tmp_path_factory):
    """A decoder of dlcli, and its export to the layout of GPT-2, Qwen3, Marian, Llama or Qwen2."""
    folder = tmp_path_factory.mktemp(request.param)
    sizes = {"d_model": 8, "heads": 2, "layers": 2, "context": 12, "batch_size": 4, "steps": 3, "tokenizer": "bpe"}
    preset = "llama" if request.param == "qwen2" else request.param
    given = {**sizes, "vocab_size": 300, "dataset": str(TEXTS / "jabberwocky.txt"), "preset": preset}
    if request.param == "llama":
        given |= {"kv_heads": 1, "rope_base": 500.0, "tie_embeddings": False, "norm_epsilon": 1e-4, "d_ff": 20}
        given |= {"rope_scaling": "8,1,4,6"}
    if request.param == "qwen2":
        given |= {"qkv_bias": True}
    list(engine.fit(Learner, Train(**given, out=folder / "run")))
    run = api.load(folder / "run")
    run.export("huggingface", folder / "model")
    return run, folder / "model"


def word_pieces():
    library = tokenizers.Tokenizer(
        models.WordPiece({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]")
    )
    library.normalizer = normalizers.BertNormalizer()
    library.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    library.decoder = decoders.WordPiece()
    library.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    library.add_special_tokens(WORDS[:4])
    return library


def bert_tensors():
    random = np.random.default_rng(0)
    size, units = BERT["hidden_size"], BERT["intermediate_size"]
    shapes = {
        "embeddings.word_embeddings.weight": (len(WORDS), size),
        "embeddings.position_embeddings.weight": (10, size),
        "embeddings.token_type_embeddings.weight": (2, size),
        "embeddings.LayerNorm.weight": (size,),
        "embeddings.LayerNorm.bias": (size,),
        "pooler.dense.weight": (size, size),
        "pooler.dense.bias": (size,),
    }
    for layer in range(2):
        name = f"encoder.layer.{layer}"
        linear = {
            "attention.self.query": (size, size),
            "attention.self.key": (size, size),
            "attention.self.value": (size, size),
            "attention.output.dense": (size, size),
            "intermediate.dense": (units, size),
            "output.dense": (size, units),
        }
        for part, shape in linear.items():
            shapes |= {f"{name}.{part}.weight": shape, f"{name}.{part}.bias": shape[:1]}
        for part in ("attention.output.LayerNorm", "output.LayerNorm"):
            shapes |= {f"{name}.{part}.weight": (size,), f"{name}.{part}.bias": (size,)}
    return {name: random.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes.items()}


def byte_pairs():
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {entry: number for number, entry in enumerate(["<|endoftext|>", *alphabet, "th", "the"])}
    library = tokenizers.Tokenizer(models.BPE(vocabulary, [("t", "h"), ("th", "e")]))
    library.pre_tokenizer, library.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    library.add_special_tokens(["<|endoftext|>"])
    return library


def gpt2_tensors(vocabulary, size=8, context=12):
    random = np.random.default_rng(0)
    shapes = {"wte.weight": (vocabulary, size), "wpe.weight": (context, size)}
    shapes |= {"h.0.attn.c_attn.weight": (size, 3 * size), "h.0.attn.c_attn.bias": (3 * size,)}
    shapes |= {"h.0.attn.c_proj.weight": (size, size), "h.0.mlp.c_fc.weight": (size, 4 * size)}
    shapes |= {"h.0.mlp.c_proj.weight": (4 * size, size), "h.0.mlp.c_fc.bias": (4 * size,)}
    shapes |= {f"h.0.{name}.bias": (size,) for name in ("attn.c_proj", "mlp.c_proj", "ln_1", "ln_2")}
    shapes |= {f"{name}.weight": (size,) for name in ("h.0.ln_1", "h.0.ln_2", "ln_f")} | {"ln_f.bias": (size,)}
    return {name: random.normal(0, 0.2, shape).astype(np.float32) for name, shape in shapes.items()}


@pytest.fixture
def gpt2(tmp_path):
    library = byte_pairs()
    size = library.get_vocab_size()
    config = {"model_type": "gpt2", "n_embd": 8, "n_layer": 1, "n_head": 2, "n_positions": 12, "vocab_size": size}
    token = "<|endoftext|>"
    return write_folder(tmp_path / "gpt2", config, gpt2_tensors(size), library, eos_token=token, bos_token=token)


def write_folder(folder, config, tensors, library, **special):
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text(library.to_str())
    (folder / "tokenizer_config.json").write_text(json.dumps(special))
    save_file(tensors, folder / "model.safetensors")
    return folder


@pytest.fixture
def bert(tmp_path):
    special = {"cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]", "unk_token": {"content": "[UNK]"}}
    return write_folder(tmp_path / "bert", BERT, bert_tensors(), word_pieces(), **special)


def test_an_exported_decoder_comes_back_with_the_same_likelihoods(exported, tmp_path, dlcli):
    run, folder = exported
    code, out, err = dlcli("import", folder, "--out", tmp_path / "run", "--json")
    assert (code, json.loads(out)["unused"]) == (0, []), err
    expected, found = (next(iter(each.score(TEXT))) for each in (run, api.load(tmp_path / "run")))
    assert found.tokens == expected.tokens
    np.testing.assert_allclose(found.log_probabilities, expected.log_probabilities, atol=1e-5)


def test_an_imported_decoder_generates_what_the_exported_one_does(exported, tmp_path, dlcli):
    run, folder = exported
    dlcli("import", folder, "--out", tmp_path / "run")
    options = {"max_new_tokens": 5, "temperature": 0, "prompt": "the "}
    assert api.load(tmp_path / "run").sample(**options) == run.sample(**options)


def test_an_imported_decoder_is_fine_tuned_with_its_own_tokenizer(exported, tmp_path, dlcli):
    dlcli("import", exported[1], "--out", tmp_path / "pretrained")
    given = ("--init-from", tmp_path / "pretrained", "--dataset", TEXTS / "jabberwocky.txt", "--steps", 1)
    code, _, err = dlcli("train", "transformer", *given, "--out", tmp_path / "run")
    assert code == 0, err
    run = api.load(tmp_path / "run")
    initialized = json.loads((tmp_path / "run" / "run.json").read_text())["initialized"]
    assert (initialized["new"], initialized["partial"]) == ([], {})
    assert run.facts.load().kind == "bpe"
    assert run.options.d_model == 8


def test_an_exported_translator_comes_back_with_the_same_translations(tmp_path, dlcli):
    sizes = {"d_model": 8, "heads": 2, "layers": 1, "context": 16, "batch_size": 4, "steps": 3}
    given = {**sizes, "dataset": str(TEXTS / "numbers.tsv"), "shape": "encoder-decoder", "preset": "original"}
    list(engine.fit(Learner, Train(**given, out=tmp_path / "trained")))
    run = api.load(tmp_path / "trained")
    run.export("huggingface", tmp_path / "model")
    code, _, err = dlcli("import", tmp_path / "model", "--out", tmp_path / "run")
    assert code == 0, err
    expected, found = (each.predict(["twenty one"], beams=2)[0].answers for each in (run, api.load(tmp_path / "run")))
    assert found[0][0] == expected[0][0]
    assert found[0][1] == pytest.approx(expected[0][1], abs=1e-5)


def test_a_decoder_of_another_tool_generates_and_scores_with_its_own_tokenizer(gpt2, tmp_path):
    run = api.import_model(gpt2, out=tmp_path / "run")
    found = next(iter(run.score("the thé")))
    assert found.tokens[0] == "the"
    assert found.whole == pytest.approx(sum(found.log_probabilities), abs=1e-4)
    assert len(run.sample(max_new_tokens=4, count=2)) == 2
    assert run.facts.load().decode(run.facts.load().encode("the thé <|endoftext|>")) == "the thé <|endoftext|>"


def test_a_decoder_of_another_tool_is_resumed_on_a_text(gpt2, tmp_path, dlcli):
    given = ("--dataset", TEXTS / "jabberwocky.txt", "--context", 8)
    assert dlcli("import", gpt2, "--out", tmp_path / "run", *given)[0] == 0
    code, _, err = dlcli("resume", tmp_path / "run", "--steps", 2, "--warmup-steps", 0, "--batch-size", 2)
    assert code == 0, err
    code, out, err = dlcli("eval", tmp_path / "run", "--json")
    assert (code, json.loads(out)["loss"]["value"] > 0) == (0, True), err


def test_an_encoder_represents_framed_texts(bert, tmp_path, dlcli):
    code, out, err = dlcli("import", bert, "--out", tmp_path / "run", "--json")
    assert (code, json.loads(out)["unused"]) == (0, ["pooler.dense.bias, pooler.dense.weight"]), err
    code, out, err = dlcli("predict", "transformer", "--run", tmp_path / "run", "--embed", "the cats", "--json")
    assert code == 0, err
    run = api.load(tmp_path / "run")
    tokens = np.array([[2, 4, 7, 8, 3]])  # [CLS] the cat ##s [SEP]
    expected = run.model.represent(tokens, np.array([5]))[0]
    np.testing.assert_allclose(json.loads(out)["vector"], expected, atol=1e-6)


def test_an_imported_encoder_is_exported_with_its_tokenizer(bert, tmp_path):
    run = api.import_model(bert, out=tmp_path / "run")
    run.export("huggingface", tmp_path / "model")
    again = api.import_model(tmp_path / "model", out=tmp_path / "again")
    texts = ["the cats", "how far"]
    vectors = [[found.vector for found in each.predict(texts, embed=True)] for each in (run, again)]
    np.testing.assert_allclose(*vectors, atol=1e-6)
    assert again.facts.load().special == run.facts.load().special


def test_the_nearest_line_to_a_line_is_itself(bert, tmp_path, dlcli):
    dlcli("import", bert, "--out", tmp_path / "run")
    (tmp_path / "lines.txt").write_text("the cat\nhow old is the cat\n\nhow far\n")
    given = ("--run", tmp_path / "run", "--nearest", tmp_path / "lines.txt", "--top", 2)
    code, out, _ = dlcli("predict", "transformer", *given, "how far", "--json")
    answers = json.loads(out)["predictions"]
    assert (code, answers[0]["label"], len(answers)) == (0, "how far", 2)
    assert answers[0]["cosine"] == pytest.approx(1)


def test_an_encoder_without_classes_does_not_classify(bert, tmp_path, dlcli):
    dlcli("import", bert, "--out", tmp_path / "run")
    code, _, err = dlcli("predict", "transformer", "--run", tmp_path / "run", "how far")
    assert (code, "--embed" in err) == (2, True)


def test_a_classifier_is_trained_from_an_imported_encoder(bert, tmp_path, dlcli):
    dlcli("import", bert, "--out", tmp_path / "pretrained")
    classes = {"a": "old", "b": "far"}
    rows = "".join(f"{label}\thow {classes[label]} is the cat {row}\n" for row in range(20) for label in classes)
    (tmp_path / "questions.tsv").write_text(f"label\ttext\n{rows}")
    given = ("--init-from", tmp_path / "pretrained", "--dataset", tmp_path / "questions.tsv", "--context", 8)
    code, _, err = dlcli(
        "train", "transformer", *given, "--steps", 2, "--freeze", "embedding", "--out", tmp_path / "run"
    )
    assert code == 0, err
    initialized = json.loads((tmp_path / "run" / "run.json").read_text())["initialized"]
    assert initialized["new"] == ["network/head/bias", "network/head/kernel"]
    assert "network/embedding/positions/embedding" in initialized["taken"]
    assert initialized["partial"] == {}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"model_type": "t5"}, "must have a model_type of bert"),
        ({"hidden_act": "relu"}, "must have hidden_act = gelu"),
        ({"num_hidden_layers": 3}, "lacks the tensor"),
        ({"intermediate_size": 11}, "but its options need"),
        ({"num_attention_heads": 0}, "num_attention_heads as a whole number"),
        ({"hidden_size": "8"}, "hidden_size as a whole number"),
    ],
)
def test_a_model_that_does_not_fit_is_refused_with_the_reason(bert, tmp_path, dlcli, change, reason):
    (bert / "config.json").write_text(json.dumps({**BERT, **change}))
    code, _, err = dlcli("import", bert, "--out", tmp_path / "run")
    assert (code, reason in err, (tmp_path / "run").exists()) == (RunError.exit_code, True, False), err


def test_a_folder_without_a_tokenizer_is_refused_with_a_hint(bert, tmp_path, dlcli):
    (bert / "tokenizer.json").unlink()
    code, _, err = dlcli("import", bert, "--out", tmp_path / "run")
    assert (code, "save_pretrained" in err) == (RunError.exit_code, True)


def test_a_malformed_tokenizer_is_refused(bert, tmp_path, dlcli):
    (bert / "tokenizer.json").write_text('{"model": {"type": "BPE", "vocab": {"a": -1}, "merges": ["x y"]}}')
    assert dlcli("import", bert, "--out", tmp_path / "run")[0] == RunError.exit_code


def test_weights_in_pickles_alone_are_refused(bert, tmp_path, dlcli):
    (bert / "model.safetensors").rename(bert / "pytorch_model.bin")
    code, _, err = dlcli("import", bert, "--out", tmp_path / "run")
    assert (code, "pickle" in err) == (RunError.exit_code, True)


def test_rows_without_a_token_are_named_and_left_out(bert, tmp_path, dlcli):
    tensors = load_file(bert / "model.safetensors")
    name = "embeddings.word_embeddings.weight"
    tensors[name] = np.concatenate([tensors[name], np.zeros([5, 8], np.float32)])
    save_file(tensors, bert / "model.safetensors")
    _, out, _ = dlcli("import", bert, "--out", tmp_path / "run", "--json")
    assert "5 rows of the embeddings, which have no token" in json.loads(out)["unused"]
    assert api.load(tmp_path / "run").facts.vocabulary == len(WORDS)


def test_a_special_token_in_a_text_is_text(bert, tmp_path, dlcli):
    dlcli("import", bert, "--out", tmp_path / "run")
    tokenizer = api.load(tmp_path / "run").facts.load()
    assert 3 not in tokenizer.encode("the [SEP] cat").tolist()
    assert tokenizer.decode([2, 4, 7, 8, 3]) == "the cats"


def compare(folder, run, model):
    """Return the largest difference of log-probabilities of two texts, and their size."""
    import torch

    size = run.facts.vocabulary
    tokens = np.random.default_rng(0).integers(size, size=[2, 10])
    with torch.no_grad():
        expected = torch.log_softmax(model(torch.as_tensor(tokens)).logits[..., :size], -1).numpy()
    return expected, np.asarray(run.learner.next_log_probabilities(tokens.astype(np.int32)))


def random_model(kind, folder):
    """A model of the transformers library with random weights, its tokenizer, and the folder that it saves them in."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    transformers, torch = pytest.importorskip("transformers"), pytest.importorskip("torch")
    library = tokenizers.Tokenizer(models.BPE(vocab={}, merges=[]))
    library.pre_tokenizer, library.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    library.train_from_iterator([TEXT] * 3, trainer)
    size = library.get_vocab_size()
    gated = {"hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 2, "max_position_embeddings": 64}
    grouped = {"num_attention_heads": 6, "num_key_value_heads": 2}
    wide = {**grouped, "head_dim": 8}
    configs = {
        "gpt2": lambda: transformers.GPT2Config(vocab_size=size, n_positions=32, n_embd=24, n_layer=2, n_head=3),
        "llama": lambda: transformers.LlamaConfig(
            vocab_size=size + 8, **gated, **wide, rope_theta=5e5, rms_norm_eps=1e-5
        ),
        "llama3": lambda: transformers.LlamaConfig(vocab_size=size, **gated, **wide, rope_parameters=ROPE),
        "qwen2": lambda: transformers.Qwen2Config(vocab_size=size, **gated, **grouped),
        "qwen3": lambda: transformers.Qwen3Config(
            vocab_size=size, **gated, **wide, rope_theta=5e5, tie_word_embeddings=True
        ),
    }
    model = transformers.AutoModelForCausalLM.from_config(configs[kind]()).eval()
    torch.manual_seed(0)
    for parameter in model.parameters():
        parameter.data += 0.05 * torch.randn_like(parameter)
    model.save_pretrained(folder)
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=library, eos_token="<|endoftext|>")
    fast.save_pretrained(folder)
    return model, fast


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["gpt2", "llama", "llama3", "qwen2", "qwen3"])
def test_log_probabilities_are_those_of_transformers(kind, tmp_path, dlcli):
    model, fast = random_model(kind, tmp_path / "model")
    code, _, err = dlcli("import", tmp_path / "model", "--out", tmp_path / "run")
    assert code == 0, err
    run = api.load(tmp_path / "run")
    assert run.facts.load().encode(TEXT).tolist() == fast(TEXT, add_special_tokens=False)["input_ids"]
    expected, found = compare(tmp_path / "model", run, model)
    np.testing.assert_allclose(found, expected, atol=5e-6)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["gpt2", "llama3", "qwen2"])
def test_a_fine_tuned_model_goes_back_to_transformers(kind, tmp_path, dlcli):
    random_model(kind, tmp_path / "model")
    dlcli("import", tmp_path / "model", "--out", tmp_path / "pretrained")
    given = ("--init-from", tmp_path / "pretrained", "--dataset", TEXTS / "jabberwocky.txt", "--context", 16)
    length = ("--steps", 40, "--report-every", 10, "--validate-every", 20, "--learning-rate", 1e-2, "--batch-size", 4)
    code, _, err = dlcli("train", "transformer", *given, *length, "--out", tmp_path / "run")
    assert code == 0, err
    run = api.load(tmp_path / "run")
    initialized = json.loads((tmp_path / "run" / "run.json").read_text())["initialized"]
    assert initialized["new"] == []
    losses = [each["metrics"]["loss"] for each in run.history if each["split"] == "train"]
    assert losses[-1] < losses[0] - 0.5
    run.export("huggingface", tmp_path / "tuned")
    import transformers

    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "tuned").eval()
    expected, found = compare(tmp_path / "tuned", run, model)
    np.testing.assert_allclose(found, expected, atol=2e-5)


@pytest.mark.slow
def test_sentence_vectors_are_those_of_transformers(bert, tmp_path, dlcli):
    os.environ["HF_HUB_OFFLINE"] = "1"
    transformers, torch = pytest.importorskip("transformers"), pytest.importorskip("torch")
    dlcli("import", bert, "--out", tmp_path / "run")
    model = transformers.AutoModel.from_pretrained(bert).eval()
    tokens = torch.as_tensor([[2, 4, 7, 8, 3]])
    with torch.no_grad():
        expected = model(tokens).last_hidden_state.mean(dim=1).numpy()
    found = api.load(tmp_path / "run").predict(["the cats"], embed=True)[0].vector
    np.testing.assert_allclose(found, expected[0], atol=2e-6)
