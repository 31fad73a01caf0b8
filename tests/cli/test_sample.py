"""`dlcli sample`: files, streams, errors."""

import json

import pytest
from PIL import Image

from dlcli.artifacts import TextChunk
from dlcli.cli import sample

PIECES = [TextChunk(0, "Once", prompt=True), TextChunk(0, " upon"), TextChunk(0, " a time"), TextChunk(1, "The end")]


def test_texts_are_put_together_of_their_pieces_apart_from_the_prompt():
    assert list(sample.joined(PIECES)) == [
        {"prompt": "Once", "text": " upon a time"},
        {"prompt": "", "text": "The end"},
    ]


def test_texts_are_separated_by_lines(capsys):
    sample.stream(PIECES)
    assert capsys.readouterr().out == "Once upon a time\n\nThe end\n"


def test_control_characters_of_samples_are_escaped(capsys):
    sample.stream([TextChunk(0, "[b]", prompt=True), TextChunk(0, "a\x1b[31mb\n\t"), TextChunk(0, "[bold]:smile:")])
    assert capsys.readouterr().out == "[b]a\\x1b[31mb\n\t[bold]:smile:\n"


def test_a_run_writes_texts_that_the_seed_decides(dlcli, rnn_run):
    command = ["sample", "rnn", "--run", rnn_run, "--count", 2, "--max-new-tokens", 12, "--prompt", "And", "--json"]
    code, first, _ = dlcli(*command)
    _, again, _ = dlcli(*command)
    assert code == 0
    assert first == again
    texts = json.loads(first)["texts"]
    assert [each["prompt"] for each in texts] == ["And", "And"]
    assert all(len(each["text"]) <= 12 for each in texts)


def test_a_picture_is_sketched_above_its_path(dlcli, gan_run, tmp_path):
    code, out, _ = dlcli("sample", "gan", "--run", gan_run, "--count", 20)
    assert code == 0
    assert out.splitlines()[-1] == "sample.png"
    assert len(out.splitlines()) <= 49
    assert max(map(len, out.splitlines())) <= 80
    with Image.open(tmp_path / "sample.png") as picture:
        assert picture.format == "PNG"


def test_json_names_file_count_seed_and_captions(dlcli, gan_run, tmp_path):
    code, out, _ = dlcli(
        "sample", "gan", "--run", gan_run, "--count", 3, "--seed", 5, "--class", 7, "--out", "sevens.svg", "--json"
    )
    found = json.loads(out)
    assert code == 0
    assert (found["file"], found["count"], found["seed"]) == ("sevens.svg", 3, 5)
    assert found["captions"] == ["7", "7", "7"]
    assert (tmp_path / "sevens.svg").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--class", "ten"], "--class must be one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, got 'ten'"),
        (["--count", "0"], "--count should be greater than or equal to 1, got '0'"),
        (["--out", "samples.txt"], "must be one of .png, .svg, .pdf"),
    ],
)
def test_an_impossible_sample_is_one_clear_error(dlcli, gan_run, tmp_path, arguments, message):
    code, out, err = dlcli("sample", "gan", "--run", gan_run, *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_samples_are_sketched_on_two_screens_unless_all_are_asked_for(dlcli, gan_run):
    _, out, _ = dlcli("sample", "gan", "--run", gan_run, "--count", 64)
    assert len(out.splitlines()) <= 49  # the file's name among them
    assert "of 64 shown here, --full shows all" in out
    _, out, _ = dlcli("sample", "gan", "--run", gan_run, "--count", 64, "--full")
    assert len(out.splitlines()) > 49
    assert "shown here" not in out
