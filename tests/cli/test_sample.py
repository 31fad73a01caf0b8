import json

from dlcli.artifacts import Piece
from dlcli.cli import sample

PIECES = [Piece(0, "Once", prompt=True), Piece(0, " upon"), Piece(0, " a time"), Piece(1, "The end")]


def test_texts_are_put_together_of_their_pieces_apart_from_the_prompt():
    assert list(sample.joined(PIECES)) == [("Once", " upon a time"), ("", "The end")]


def test_texts_stand_below_each_other(capsys):
    sample.stream(PIECES)
    assert capsys.readouterr().out == "Once upon a time\n\nThe end\n"


def test_what_would_steer_the_terminal_is_left_out_and_markup_is_text(capsys):
    sample.stream([Piece(0, "[b]", prompt=True), Piece(0, "a\x1b[31mb\n\t"), Piece(0, "[bold]:smile:")])
    assert capsys.readouterr().out == "[b]a[31mb\n\t[bold]:smile:\n"


def test_a_run_writes_texts_that_the_seed_decides(dlcli, rnn_run):
    command = ["sample", "rnn", "--run", rnn_run, "--count", 2, "--length", 12, "--prompt", "And", "--json"]
    code, first, _ = dlcli(*command)
    _, again, _ = dlcli(*command)
    assert code == 0
    assert first == again
    texts = json.loads(first)["texts"]
    assert [each["prompt"] for each in texts] == ["And", "And"]
    assert all(len(each["text"]) <= 12 for each in texts)
