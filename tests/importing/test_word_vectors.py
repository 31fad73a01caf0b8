"""Files of word vectors come back as runs of word2vec."""

import json

import numpy as np
import pytest

from dlcli import api
from dlcli.data.text.words import WordFacts
from dlcli.errors import RunError
from dlcli.techniques.word2vec.word_vectors import WordVectors

WORDS = ("the", "cat", "sat", "naïve", "2")
VECTORS = np.random.default_rng(0).normal(size=[5, 4]).astype(np.float32)


def lines(header=False, words=WORDS):
    rows = [f"{word} {' '.join(f'{value:.9g}' for value in row)}" for word, row in zip(words, VECTORS, strict=False)]
    return "\n".join([f"{len(rows)} 4"] * header + rows) + "\n"


def write(path):
    WordVectors(WordFacts(words=WORDS, counts=(1,) * 5, lower=True), VECTORS).write(path)


@pytest.mark.parametrize("name", ["word2vec.txt", "word2vec.bin", "fasttext.vec", "glove.txt"])
def test_vectors_are_those_of_the_file(name, tmp_path, dlcli):
    if name.startswith("word2vec"):
        write(tmp_path / name)
    else:
        (tmp_path / name).write_text(lines(header=name.endswith("vec")))
    code, out, err = dlcli("import", tmp_path / name, "--out", tmp_path / "run", "--json")
    assert code == 0, err
    assert json.loads(out)["new"] == ["output_vectors"]
    run = api.load(tmp_path / "run")
    assert run.facts.words == WORDS
    np.testing.assert_array_equal(run.learner.vectors(), VECTORS)


def test_an_imported_run_answers_queries(tmp_path, dlcli):
    write(tmp_path / "vectors.bin")
    dlcli("import", tmp_path / "vectors.bin", "--out", tmp_path / "run")
    code, out, _ = dlcli("predict", "word2vec", "--run", tmp_path / "run", "--similarity", "cat", "sat", "--json")
    cosine = VECTORS[1] @ VECTORS[2] / np.linalg.norm(VECTORS[1]) / np.linalg.norm(VECTORS[2])
    assert (code, json.loads(out)["predictions"][0]["cosine"]) == (0, pytest.approx(cosine))


def test_training_can_start_from_imported_vectors(tmp_path, dlcli):
    write(tmp_path / "vectors.bin")
    dlcli("import", tmp_path / "vectors.bin", "--out", tmp_path / "pretrained")
    (tmp_path / "text.txt").write_text("the cat sat on the mat . " * 40)
    options = ("--dataset", tmp_path / "text.txt", "--steps", 1, "--min-count", 1, "--out", tmp_path / "run")
    code, _, err = dlcli("train", "word2vec", "--init-from", tmp_path / "pretrained", *options)
    assert code == 0, err
    run = api.load(tmp_path / "run")
    start = run.files.checkpoints.load(0, None)["input_vectors"]
    assert run.options.vector_size == 4
    np.testing.assert_array_equal(start[run.facts.words.index("cat")], VECTORS[1])
    assert json.loads((tmp_path / "run" / "run.json").read_text())["initialized"]["partial"]["input_vectors"][0] == 3


def test_the_next_commands_have_a_word_of_the_vectors(tmp_path, dlcli):
    write(tmp_path / "vectors.bin")
    _, _, err = dlcli("import", tmp_path / "vectors.bin", "--out", tmp_path / "run")
    assert f"dlcli predict word2vec --nearest 'naïve' --run {tmp_path / 'run'}" in err


def test_a_model_is_imported_from_python(tmp_path):
    write(tmp_path / "vectors.bin")
    run = api.import_model(tmp_path / "vectors.bin", out=tmp_path / "run", max_words=2)
    assert run.facts.words == WORDS[:2]


def test_only_the_first_words_are_read(tmp_path, dlcli):
    write(tmp_path / "vectors.bin")
    dlcli("import", tmp_path / "vectors.bin", "--out", tmp_path / "run", "--max-words", 3)
    assert api.load(tmp_path / "run").facts.words == WORDS[:3]


def test_a_repeated_word_is_left_out_with_a_note(tmp_path, dlcli):
    (tmp_path / "glove.txt").write_text(lines(words=("the", "cat", "the", "sat")))
    code, _, err = dlcli("import", tmp_path / "glove.txt", "--out", tmp_path / "run")
    assert code == 0
    assert "1 entries" in err
    assert api.load(tmp_path / "run").facts.words == ("the", "cat", "sat")


def test_a_line_of_another_length_is_refused(tmp_path, dlcli):
    (tmp_path / "glove.txt").write_text(lines() + "dog 1 2\n")
    code, _, err = dlcli("import", tmp_path / "glove.txt", "--out", tmp_path / "run")
    assert (code, "in entry 6" in err) == (RunError.exit_code, True)


def test_a_truncated_binary_file_is_refused(tmp_path, dlcli):
    write(tmp_path / "vectors.bin")
    content = (tmp_path / "vectors.bin").read_bytes()
    (tmp_path / "vectors.bin").write_bytes(content[:-8])
    code, _, err = dlcli("import", tmp_path / "vectors.bin", "--out", tmp_path / "run")
    assert (code, "must have 5 entries, found 4" in err) == (RunError.exit_code, True)


def test_a_model_of_fasttext_is_refused_with_a_hint(tmp_path, dlcli):
    (tmp_path / "model.bin").write_bytes(b"\xba\x16\x4f\x2f" + b"\x00" * 60)
    code, _, err = dlcli("import", tmp_path / "model.bin", "--out", tmp_path / "run")
    assert (code, ".vec" in err) == (RunError.exit_code, True)
