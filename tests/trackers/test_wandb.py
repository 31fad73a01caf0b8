"""What is in the file that Weights & Biases writes of a tracked run without a network."""

import json
import struct
import time

import pytest

import dlcli
from tests.trackers.test_tracking import SMALL

pytest.importorskip("wandb")
# Warnings of the other tool's own dependencies are not failures.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


def records(path):
    """The records of a file of an offline run: a log of LevelDB after a header of seven bytes.

    Format: doc/log_format.md of LevelDB. A record may be split over blocks of 32 KiB: 1 is a whole one, 4 a last part.
    """
    from wandb.proto.wandb_internal_pb2 import Record

    content, at, parts = path.read_bytes(), 7, b""
    while at + 7 <= len(content):
        if 32_768 - at % 32_768 < 7:  # padding
            at += 32_768 - at % 32_768
            continue
        _, length, kind = struct.unpack_from("<IHB", content, at)
        parts += content[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):
            record = Record()
            record.ParseFromString(parts)
            parts = b""
            yield record


def complete(path):
    """The records of a file once it has its last one, which another process writes."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = list(records(path))
        if any(record.HasField("exit") for record in found):
            return found
        time.sleep(0.2)
    raise AssertionError(f"{path} is not complete after 30 s")


def test_wandb_has_the_metrics_the_options_and_the_picture_of_a_run(monkeypatch, tmp_path):
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    run = dlcli.train("cnn", **SMALL, out=tmp_path / "run", track="wandb")
    [folder] = (tmp_path / "wandb").glob("offline-run-*")
    [path] = folder.glob("*.wandb")
    found = complete(path)
    rows = [
        {(each.key or "/".join(each.nested_key)): json.loads(each.value_json) for each in record.history.item}
        for record in found
        if record.history.item
    ]
    for split in ("train", "validation"):
        logged = [(row["step"], row[f"{split}/loss"]) for row in rows if f"{split}/loss" in row]
        expected = [(each["step"], each["metrics"]["loss"]) for each in run.history if each["split"] == split]
        assert logged == [pytest.approx(each, rel=1e-5) for each in expected]
    config = {each.key: json.loads(each.value_json) for record in found for each in record.run.config.update}
    assert (config["technique"], config["channels"]) == ("cnn", 4)
    assert len(list((folder / "files" / "media" / "images").glob("confusion*.png"))) == 1
