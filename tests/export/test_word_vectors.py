"""Word vectors in the formats of word2vec and fastText."""

import struct

import numpy as np
import pytest

import dlcli
from dlcli.errors import UsageError


def read_vectors(path):
    """Read a file of vectors in word2vec's text or binary format, or in fastText's text format."""
    with open(path, "rb") as file:
        count, size = map(int, file.readline().split())
        words, vectors = [], []
        if path.suffix == ".bin":
            for _ in range(count):
                word = b"".join(iter(lambda: file.read(1), b" "))
                words.append(word.lstrip(b"\n").decode())
                vectors.append(np.frombuffer(file.read(4 * size), "<f4"))
        else:
            for line in file:
                word, *numbers = line.decode().split()
                words.append(word)
                vectors.append(np.array(numbers, np.float32))
    assert len(words) == count
    return tuple(words), np.stack(vectors)


def read_model(path):
    """Read the words, counts and both matrices of a fastText model without n-grams, as `FastText::loadModel` does."""
    content, at = path.read_bytes(), 0

    def take(layout):
        nonlocal at
        found = struct.unpack_from(layout, content, at)
        at += struct.calcsize(layout)
        return found

    assert take("<2i") == (793712314, 12)
    arguments, (size, words, labels, _, pruned) = take("<12id"), take("<3i2q")
    assert (size, labels, pruned) == (words, 0, -1)
    entries, matrices = {}, []
    for _ in range(words):
        end = content.index(b"\0", at)
        word, at = content[at:end].decode(), end + 1
        entries[word], kind = take("<qb")
        assert kind == 0
    for _ in range(2):
        quantized, rows, columns = take("<?2q")
        assert not quantized
        matrices.append(np.frombuffer(content, "<f4", rows * columns, at).reshape(rows, columns))
        at += 4 * rows * columns
    assert at == len(content)
    return arguments, entries, *matrices


@pytest.fixture(scope="module")
def run(word2vec_run):
    return dlcli.load(word2vec_run)


@pytest.mark.parametrize(("name", "file"), [("word2vec", "v.txt"), ("word2vec", "v.bin"), ("fasttext", "v.vec")])
def test_vectors_are_read_back_exactly(name, file, run, tmp_path):
    run.export(name, tmp_path / file)
    words, vectors = read_vectors(tmp_path / file)
    assert words == run.facts.words
    np.testing.assert_array_equal(vectors, run.learner.vectors())


def test_a_fasttext_model_has_both_matrices(run, tmp_path):
    run.export("fasttext", tmp_path / "model.bin")
    arguments, entries, vectors, output_vectors = read_model(tmp_path / "model.bin")
    assert arguments[:2] == (8, run.options.window)
    assert entries == dict(zip(run.facts.words, run.facts.counts, strict=True))
    np.testing.assert_array_equal(vectors, run.learner.vectors())
    np.testing.assert_array_equal(output_vectors, run.learner.output_vectors[...])


@pytest.mark.slow
@pytest.mark.parametrize("file", ["v.txt", "v.bin"])
def test_gensim_reads_vectors_in_the_word2vec_format(file, run, tmp_path):
    gensim = pytest.importorskip("gensim.models")
    run.export("word2vec", tmp_path / file)
    found = gensim.KeyedVectors.load_word2vec_format(tmp_path / file, binary=file.endswith(".bin"))
    assert tuple(found.index_to_key) == run.facts.words
    np.testing.assert_array_equal(found.vectors, run.learner.vectors())


@pytest.mark.slow
def test_gensim_reads_fasttext_models(run, tmp_path):
    fasttext = pytest.importorskip("gensim.models.fasttext")
    run.export("fasttext", tmp_path / "model.bin")
    found = fasttext.load_facebook_model(str(tmp_path / "model.bin")).wv
    np.testing.assert_array_equal([found[word] for word in run.facts.words], run.learner.vectors())


@pytest.mark.slow
def test_gensim_reads_vectors_of_subwords(run, tmp_path):
    fasttext = pytest.importorskip("gensim.models.fasttext")
    options = {"vector_size": 8, "steps": 3, "subwords": True, "buckets": 500, "max_n": 5}
    trained = dlcli.train("word2vec", dataset=run.options.dataset, out=tmp_path / "run", **options)
    trained.export("fasttext", tmp_path / "model.bin")
    found = fasttext.load_facebook_model(str(tmp_path / "model.bin")).wv
    np.testing.assert_allclose([found[word] for word in trained.facts.words], trained.learner.vectors(), atol=1e-6)
    unseen = ["paramétres", "unreturned", "äöü"]
    expected = [trained.learner.subwords.unknown(word) for word in unseen]
    np.testing.assert_allclose([found[word] for word in unseen], expected, atol=1e-6)


@pytest.mark.parametrize("name", ["word2vec", "fasttext"])
def test_another_technique_has_no_word_vectors(name, cnn_run, tmp_path):
    with pytest.raises(UsageError, match="needs a run of word2vec, got one of cnn"):
        dlcli.load(cnn_run).export(name, tmp_path / "v.txt")


def test_an_option_that_the_format_does_not_read_is_refused(run, tmp_path):
    with pytest.raises(UsageError, match="--dtype has no effect with --format word2vec"):
        run.export("word2vec", tmp_path / "v.txt", dtype="float16")
