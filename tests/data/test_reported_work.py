"""Long work that reading data logs is the current activity until it ends, not until the program does."""

import logging

import pytest

from dlcli import activity
from dlcli.data.images import catalogue as images
from dlcli.data.text import catalogue as texts
from dlcli.data.text import token_streams, tokenizers


def decode(folder):
    return images.open(f"folder:{folder / 'pets'}", None, None, 2**30).splits["train"].digest


def encode(folder):
    (folder / "raw.txt").write_text("abc def ghi\n" * 200)
    opened = texts.open_texts(str(folder / "raw.txt"))
    return token_streams.stream(opened, "train", tokenizers.resolve("characters", 50, opened.splits["train"]))


@pytest.mark.parametrize(("read", "logged"), [(decode, ["decoding"]), (encode, ["training", "encoding"])])
def test_logged_work_ends(classes, tmp_path, read, logged):
    events, logger = [], logging.getLogger("dlcli.activity")
    handler = logging.Handler()
    handler.emit = lambda record: events.append(record.getMessage().split()[0])
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        with activity.listening(lambda what, *_: bool(events.append(what))):
            read(tmp_path)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    starts = [number for number, what in enumerate(events) if what in logged]
    assert [events[number] for number in starts] == logged
    assert all("" in events[start + 1 : end] for start, end in zip(starts, [*starts[1:], None], strict=True))
