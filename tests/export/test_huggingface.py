"""Transformers as model folders of Hugging Face. Slow tests compare them with the transformers library."""

import functools
import json
from pathlib import Path

import numpy as np
import pytest
from flax import nnx
from safetensors.numpy import load_file

import dlcli
from dlcli import engine
from dlcli.data.text.tokenizers import END, START
from dlcli.errors import UsageError
from dlcli.export.layouts import gpt2, marian, qwen3
from dlcli.nn.beam_search import SpecialTokens
from dlcli.nn.transformer_config import preset
from dlcli.techniques.transformer.learner import Learner
from dlcli.techniques.transformer.model import Decoder, EncoderDecoder
from dlcli.techniques.transformer.options import Train

TEXTS = Path(__file__).parents[1] / "texts"
SIZES = {"d_model": 8, "heads": 2, "layers": 2}
DECODER = {"shape": "decoder", "dataset": str(TEXTS / "jabberwocky.txt"), "context": 12}
PAIRS = {"shape": "encoder-decoder", "dataset": str(TEXTS / "numbers.tsv"), "context": 16}
# A constant rate that moves every bias away from zero within a few steps.
SHORT = {"steps": 6, "report_every": 3, "schedule": "constant", "learning_rate": 0.02, "warmup_steps": 0}


def train(folder, **changes):
    list(engine.fit(Learner, Train(**{**SHORT, **SIZES, "batch_size": 8, **changes}, out=folder)))
    return dlcli.load(folder)


@pytest.fixture(scope="module")
def gpt2_run(tmp_path_factory):
    return train(tmp_path_factory.mktemp("gpt2") / "poem", **DECODER, preset="gpt2", dropout=0.1)


@pytest.fixture(scope="module")
def folder(gpt2_run, tmp_path_factory):
    path = tmp_path_factory.mktemp("exported") / "model"
    gpt2_run.export("huggingface", path)
    return path


def network(kind, name):
    config = preset(name, context=16, **SIZES)
    return kind(config, 11, rngs=nnx.Rngs(0))


def shapes(tensors, prefix):
    return {name.removeprefix(prefix): array.shape for name, array in tensors.items() if name.startswith(prefix)}


def test_a_folder_has_the_files_of_a_model(folder):
    assert {path.name for path in folder.iterdir()} == {
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "README.md",
    }


def test_the_configuration_names_the_class_and_the_sizes(folder, gpt2_run):
    config = json.loads((folder / "config.json").read_text())
    assert config["architectures"] == ["GPT2LMHeadModel"]
    assert (config["n_embd"], config["n_layer"], config["n_head"], config["n_positions"]) == (8, 2, 2, 12)
    assert config["vocab_size"] == gpt2_run.facts.vocabulary
    assert config["resid_pdrop"] == 0.1


def test_a_language_model_starts_with_the_end_token(folder):
    assert json.loads((folder / "config.json").read_text())["bos_token_id"] == END
    assert json.loads((folder / "tokenizer_config.json").read_text())["bos_token"] == "<end>"


def test_queries_keys_and_values_are_one_matrix_in_gpt2(folder, gpt2_run):
    tensors, attention = load_file(folder / "model.safetensors"), gpt2_run.model.stack.blocks[1].self_attention
    joined = np.concatenate([each.kernel[...] for each in (attention.query, attention.key, attention.value)], axis=1)
    np.testing.assert_array_equal(tensors["transformer.h.1.attn.c_attn.weight"], joined)


def test_the_model_card_has_the_validation_loss(folder, gpt2_run):
    card = (folder / "README.md").read_text()
    assert f"| loss | {gpt2_run.files.info().ended.best['loss']:.4g} |" in card
    assert "| `--preset` | gpt2 |" in card


def test_weights_can_be_half_precision(gpt2_run, tmp_path):
    gpt2_run.export("huggingface", tmp_path / "model", dtype="float16")
    found = load_file(tmp_path / "model" / "model.safetensors")
    assert {array.dtype for array in found.values()} == {np.dtype(np.float16)}
    assert json.loads((tmp_path / "model" / "config.json").read_text())["dtype"] == "float16"


def test_tensors_of_gpt2_have_the_names_and_shapes_of_the_class():
    found = gpt2.tensors(network(Decoder, "gpt2"))
    assert shapes(found, "transformer.h.1.") == {
        "ln_1.weight": (8,),
        "ln_1.bias": (8,),
        "attn.c_attn.weight": (8, 24),
        "attn.c_attn.bias": (24,),
        "attn.c_proj.weight": (8, 8),
        "attn.c_proj.bias": (8,),
        "ln_2.weight": (8,),
        "ln_2.bias": (8,),
        "mlp.c_fc.weight": (8, 32),
        "mlp.c_fc.bias": (32,),
        "mlp.c_proj.weight": (32, 8),
        "mlp.c_proj.bias": (8,),
    }
    others = {name for name in found if not name.startswith("transformer.h.")}
    assert others == {f"transformer.{name}" for name in ("wte.weight", "wpe.weight", "ln_f.weight", "ln_f.bias")}


def test_tensors_of_qwen3_have_the_names_and_shapes_of_the_class():
    found = qwen3.tensors(network(Decoder, "modern"))
    square = {f"self_attn.{name}_proj.weight": (8, 8) for name in "qkvo"}
    assert shapes(found, "model.layers.0.") == {
        **square,
        "mlp.up_proj.weight": (24, 8),
        "mlp.gate_proj.weight": (24, 8),
        "mlp.down_proj.weight": (8, 24),
        "input_layernorm.weight": (8,),
        "post_attention_layernorm.weight": (8,),
        "self_attn.q_norm.weight": (4,),
        "self_attn.k_norm.weight": (4,),
    }


@pytest.mark.parametrize("part", ["encoder", "decoder"])
def test_tensors_of_marian_have_the_names_and_shapes_of_the_class(part):
    attentions = ("self_attn", "encoder_attn")[: 1 + (part == "decoder")]
    norms = [*(f"{name}_layer_norm" for name in attentions), "final_layer_norm"]
    square = [f"{name}.{each}" for name in attentions for each in ("q_proj", "k_proj", "v_proj", "out_proj")]
    special = SpecialTokens(start=2, end=3, padding=0)
    found = marian.tensors(network(functools.partial(EncoderDecoder, special=special), "original"))
    assert shapes(found, f"model.{part}.layers.1.") == {
        **{f"{name}.weight": (8, 8) for name in square},
        **{f"{name}.bias": (8,) for name in square},
        **{f"{name}.{each}": (8,) for name in norms for each in ("weight", "bias")},
        "fc1.weight": (32, 8),
        "fc1.bias": (32,),
        "fc2.weight": (8, 32),
        "fc2.bias": (8,),
    }


def test_a_run_without_a_matching_class_is_refused_with_the_preset_that_matches(transformer_run, tmp_path):
    with pytest.raises(UsageError, match="the layout of --shape encoder-decoder --preset modern") as caught:
        dlcli.load(transformer_run).export("huggingface", tmp_path / "model")
    assert "--preset original" in caught.value.hint


def test_another_technique_is_refused(cnn_run, tmp_path):
    with pytest.raises(UsageError, match="needs a run of transformer"):
        dlcli.load(cnn_run).export("huggingface", tmp_path / "model")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gpt2", "modern", "original"])
def test_a_decoder_computes_the_logits_of_transformers(name, tmp_path):
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    run = train(tmp_path / "run", **DECODER, preset=name)
    run.export("huggingface", tmp_path / "model")
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    kind = getattr(transformers, config["architectures"][0])
    model, report = kind.from_pretrained(tmp_path / "model", output_loading_info=True)
    assert not any(report.values())
    tokens = np.random.default_rng(0).integers(4, run.facts.vocabulary, [3, 12])
    with torch.no_grad():
        theirs = model.eval()(torch.as_tensor(tokens)).logits.numpy()
    np.testing.assert_allclose(run.model(tokens), theirs, atol=1e-5)
    print(name, "largest difference", np.abs(np.asarray(run.model(tokens)) - theirs).max())


@pytest.mark.slow
def test_an_encoder_decoder_computes_the_logits_of_transformers(tmp_path):
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    run = train(tmp_path / "run", **PAIRS, preset="original")
    run.export("huggingface", tmp_path / "model")
    model, report = transformers.MarianMTModel.from_pretrained(tmp_path / "model", output_loading_info=True)
    assert not any(report.values())
    context, draw = run.model.encoder.config.context, np.random.default_rng(0).integers
    source, target = draw(4, run.facts.vocabulary, [2, context]), draw(4, run.facts.vocabulary, [2, 5])
    length, target[:, 0] = np.array([context - 2, context]), START
    mask = np.arange(context)[None] < length[:, None]
    with torch.no_grad():
        theirs = model.eval()(
            torch.as_tensor(np.where(mask, source, 0)),
            attention_mask=torch.as_tensor(mask.astype(np.int64)),
            decoder_input_ids=torch.as_tensor(target),
        ).logits.numpy()
    ours = np.asarray(run.model(target, run.model.encode(source, length)))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    print("encoder-decoder largest difference", np.abs(ours - theirs).max())


@pytest.mark.slow
def test_the_code_of_the_model_card_continues_a_text_greedily(gpt2_run, folder, monkeypatch, capsys):
    pytest.importorskip("transformers")
    code = (folder / "README.md").read_text().split("```python")[1].split("```")[0].replace("TEXT", "the ")
    monkeypatch.chdir(folder)
    exec(code, {})
    generated = capsys.readouterr().out.removesuffix("\n")
    count = gpt2_run.options.context - 1 - len(gpt2_run.facts.load().encode("the "))
    [ours] = gpt2_run.sample(prompt="the ", temperature=0, max_new_tokens=count)
    assert generated == ours


@pytest.mark.slow
def test_the_code_of_the_model_card_translates_greedily(tmp_path, monkeypatch, capsys):
    pytest.importorskip("transformers")
    run = train(tmp_path / "run", **PAIRS, preset="original")
    run.export("huggingface", tmp_path / "model")
    code = (tmp_path / "model" / "README.md").read_text().split("```python")[1].split("```")[0]
    monkeypatch.chdir(tmp_path / "model")
    exec(code.replace("TEXT", "one two"), {})
    [found] = run.predict("one two", beams=1, top=1)
    assert capsys.readouterr().out.rstrip() == found.answers[0][0].rstrip()
