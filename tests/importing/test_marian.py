"""Translators of OPUS-MT: two models of sentencepiece, one vocabulary, SiLU, an output bias."""

import io
import json
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from dlcli import api
from dlcli.data.text import pair_vocabulary, sentencepiece, tokenizers
from dlcli.data.text.vocabularies import SpecialIds
from dlcli.errors import RunError

TEXTS = Path(__file__).parent.parent / "texts"
SOURCE = {"▁": -2.0, "▁twenty": -3.0, "▁one": -3.5, "o": -5.0, "n": -5.0, "e": -5.0, "t": -5.0}
TARGET = {"▁": -2.0, "▁zwan": -3.0, "zig": -3.0, "▁one": -4.0, "t": -5.0}
IDS = {
    "</s>": 0,
    "<unk>": 1,
    ">>de<<": 2,
    "▁": 3,
    "▁twenty": 4,
    "▁one": 5,
    "o": 6,
    "n": 7,
    "e": 8,
    "▁zwan": 9,
    "zig": 10,
}
IDS |= {"<pad>": 11}
SPECIAL = SpecialIds(padding=11, unknown=1, start=11, end=0, first=0, prefix=(), suffix=(0,))


def field(number, kind, content):
    return bytes([number << 3 | kind]) + content


def message(number, content):
    return field(number, 2, bytes([len(content)]) + content)


def spm(pieces, *extra):
    """The file of a model of sentencepiece."""
    written = b""
    for piece, score, kind in [("<unk>", 0.0, 2), *((name, score, 1) for name, score in pieces.items()), *extra]:
        content = message(1, piece.encode()) + field(2, 5, struct.pack("<f", score)) + field(3, 0, bytes([kind]))
        written += message(1, content)
    return written + message(2, field(3, 0, b"\x01"))


@pytest.fixture
def tokenizer():
    return tokenizers.from_json(pair_vocabulary.describe(spm(SOURCE), spm(TARGET), IDS, SPECIAL))


def test_a_source_has_the_pieces_of_the_source_model(tokenizer):
    assert tokenizer.encode("  twenty   one ").tolist() == [4, 5]
    assert tokenizer.encode("twenty noe").tolist() == [4, 3, 7, 6, 8]


def test_a_target_has_the_pieces_of_the_target_model(tokenizer):
    assert [each.tolist() for each in tokenizer.encode_targets(["zwanzig one", "zig"])] == [[9, 10, 5], [3, 10]]


def test_a_piece_without_an_id_is_unknown(tokenizer):
    assert tokenizer.encode("t").tolist() == [3, 1]
    assert tokenizer.encode("aqn").tolist() == [3, 1, 7]


def test_unknown_characters_have_the_id_of_the_vocabulary(tokenizer):
    assert tokenizer.encode("zig").tolist() == [3, 10]


def test_the_code_of_a_language_is_one_token(tokenizer):
    assert tokenizer.encode(">>de<< twenty").tolist() == [2, 4]


def test_ids_are_decoded_without_special_tokens(tokenizer):
    assert tokenizer.decode([11, 9, 10, 5, 0, 11]) == "zwanzig one"


@pytest.mark.parametrize("content", [b"", b"\x0a\xff", spm(SOURCE)[:-3], b"hello", spm(SOURCE, ("x", 0.0, 4))])
def test_a_malformed_model_is_refused(content):
    with pytest.raises(ValueError, match=r"pieces|ends|no model|must be|malformed"):
        sentencepiece.parse(content)


def write(folder, **changes):
    """A folder as those of Helsinki-NLP, of random weights."""
    config = {"model_type": "marian", "d_model": 8, "max_position_embeddings": 16, "vocab_size": len(IDS)}
    config |= {f"{part}_{name}": size for part in ("encoder", "decoder") for name, size in (("layers", 1),)}
    config |= {f"{part}_attention_heads": 2 for part in ("encoder", "decoder")}
    config |= {f"{part}_ffn_dim": 12 for part in ("encoder", "decoder")}
    config |= {"activation_function": "swish", "scale_embedding": True, "pad_token_id": 11, "eos_token_id": 0}
    config |= {"decoder_start_token_id": 11, "is_encoder_decoder": True, **changes}
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "vocab.json").write_text(json.dumps(IDS))
    for name, pieces in (("source", SOURCE), ("target", TARGET)):
        (folder / f"{name}.spm").write_bytes(spm(pieces))
    random = np.random.default_rng(0)
    shapes = {"model.shared.weight": (len(IDS), 8), "final_logits_bias": (1, len(IDS))}
    for part, attentions in (("encoder", ("self_attn",)), ("decoder", ("self_attn", "encoder_attn"))):
        layer = f"model.{part}.layers.0."
        linears = {f"{each}.{name}_proj": (8, 8) for each in attentions for name in ("q", "k", "v", "out")}
        for name, shape in {**linears, "fc1": (12, 8), "fc2": (8, 12)}.items():
            shapes |= {f"{layer}{name}.weight": shape, f"{layer}{name}.bias": shape[:1]}
        for name in (*(f"{each}_layer_norm" for each in attentions), "final_layer_norm"):
            shapes |= {f"{layer}{name}.weight": (8,), f"{layer}{name}.bias": (8,)}
    save_file({name: random.normal(0, 0.5, shape).astype(np.float32) for name, shape in shapes.items()},
              folder / "model.safetensors")  # fmt: skip
    return folder


def test_a_translator_of_another_tool_translates(tmp_path, dlcli):
    folder = write(tmp_path / "model")
    code, out, err = dlcli("import", folder, "--out", tmp_path / "run", "--json")
    assert (code, json.loads(out)["unused"]) == (0, []), err
    given = ("--run", tmp_path / "run", "--beams", 2, "--top", 2)
    code, out, err = dlcli("predict", "transformer", "twenty one", *given, "--json")
    assert (code, len(json.loads(out)["predictions"])) == (0, 2), err


def test_an_imported_translator_is_exported_as_it_came(tmp_path):
    folder = write(tmp_path / "model")
    run = api.import_model(folder, out=tmp_path / "run")
    run.export("huggingface", tmp_path / "again")
    for name in ("source.spm", "target.spm"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()
    assert json.loads((tmp_path / "again" / "vocab.json").read_text()) == IDS
    again = api.import_model(tmp_path / "again", out=tmp_path / "second")
    expected, found = (each.predict(["twenty one"], beams=2)[0].answers for each in (run, again))
    assert found == expected


def test_an_imported_translator_is_fine_tuned_with_its_own_tokenizers(tmp_path, dlcli):
    dlcli("import", write(tmp_path / "model"), "--out", tmp_path / "pretrained")
    given = ("--init-from", tmp_path / "pretrained", "--dataset", TEXTS / "numbers.tsv", "--steps", 2)
    code, _, err = dlcli("train", "transformer", *given, "--batch-size", 4, "--out", tmp_path / "run")
    assert code == 0, err
    run = api.load(tmp_path / "run")
    assert run.facts.load().pair_files
    assert json.loads((tmp_path / "run" / "run.json").read_text())["initialized"]["new"] == []


def test_a_bias_needs_an_output_layer_with_one(tmp_path):
    with pytest.raises(RunError, match="final_logits_bias must be 0"):
        api.import_model(write(tmp_path / "model", activation_function="relu"), out=tmp_path / "run")


def trained_spm(texts, size):
    trainer = pytest.importorskip("sentencepiece").SentencePieceTrainer
    written = io.BytesIO()
    trainer.train(sentence_iterator=iter(texts), model_writer=written, vocab_size=size, minloglevel=2,
                  hard_vocab_limit=False, normalization_rule_name="nmt_nfkc")  # fmt: skip
    return written.getvalue()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::dlcli.notices.Notice")  # of unknown tokens
def test_translations_are_those_of_transformers(tmp_path):
    os.environ["HF_HUB_OFFLINE"] = "1"
    transformers, torch = pytest.importorskip("transformers"), pytest.importorskip("torch")
    rows = [row.split("\t") for row in (TEXTS / "numbers.tsv").read_text().splitlines()[1:]]
    texts = [[row[column] for row in rows] for column in (0, 1)]
    folder = tmp_path / "model"
    folder.mkdir()
    contents = [trained_spm(each * 3 + ["Übung ﬁnden Café №5"], 60) for each in texts]
    pieces = [list(sentencepiece.parse(each).scores) for each in contents]
    tokens = dict.fromkeys(["</s>", "<unk>", *pieces[0][:-3], *pieces[1], "<pad>"])
    ids = {token: number for number, token in enumerate(tokens)}
    for name, content in zip(("source.spm", "target.spm"), contents, strict=True):
        (folder / name).write_bytes(content)
    (folder / "vocab.json").write_text(json.dumps(ids))
    sizes = {f"{part}_{name}": size for part in ("encoder", "decoder")
             for name, size in (("layers", 2), ("attention_heads", 4), ("ffn_dim", 40))}  # fmt: skip
    config = transformers.MarianConfig(
        vocab_size=len(ids), d_model=24, max_position_embeddings=32, activation_function="swish", scale_embedding=True,
        pad_token_id=ids["<pad>"], eos_token_id=0, decoder_start_token_id=ids["<pad>"], forced_eos_token_id=None,
        static_position_embeddings=True, **sizes)  # fmt: skip
    torch.manual_seed(0)
    model = transformers.MarianMTModel(config).eval()
    for name, parameter in model.named_parameters():
        if "embed_positions" not in name:
            parameter.data += 0.2 * torch.randn_like(parameter)
    model.final_logits_bias += torch.randn_like(model.final_logits_bias)
    model.save_pretrained(folder)
    theirs = transformers.MarianTokenizer(
        str(folder / "source.spm"), str(folder / "target.spm"), str(folder / "vocab.json"))  # fmt: skip
    run = api.import_model(folder, out=tmp_path / "run")
    ours = run.facts.load()
    inputs = [*texts[0][:8], "  Café  №5 ﬁnden Ω", "xyzzy twenty"]
    for text in inputs:
        assert [*ours.encode(text).tolist(), 0] == theirs(text)["input_ids"], text
    for text, found in zip(texts[1][:8], ours.encode_targets(texts[1][:8]), strict=True):
        assert [*found.tolist(), 0] == theirs(text_target=text)["input_ids"], text
    source = np.array([theirs(inputs[0])["input_ids"]])
    target = np.random.default_rng(0).integers(len(ids), size=[1, 9])
    with torch.no_grad():
        expected = model(input_ids=torch.as_tensor(source), decoder_input_ids=torch.as_tensor(target)).logits.numpy()
    network = run.model
    encoded = network.encode(source.astype(np.int32), np.array([source.shape[1]]))
    np.testing.assert_allclose(network(target.astype(np.int32), encoded), expected, atol=1e-5)
    for text in inputs:
        given = torch.as_tensor([theirs(text)["input_ids"]])
        written = model.generate(given, num_beams=1, do_sample=False, max_new_tokens=32,
                                 bad_words_ids=[[ids["<pad>"]]])[0].tolist()  # fmt: skip
        expected = "".join(theirs.convert_ids_to_tokens(written, skip_special_tokens=True)).replace("▁", " ").strip()
        assert run.predict([text], beams=1)[0].answers[0][0] == expected
