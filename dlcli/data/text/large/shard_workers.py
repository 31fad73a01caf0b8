"""Starts further processes that encode the shards of a text larger than memory (see `shard_worker.py`)."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from dlcli.child_processes import running
from dlcli.data import cache
from dlcli.data.text.large.file_pieces import Piece
from dlcli.data.text.tokenizer import Tokenizer
from dlcli.files import as_json

_MOST = 16  # processes
_PATIENCE = 10.0  # seconds in which a process must end


@contextmanager
def helping(stem: cache.Stem, shards: Sequence[Sequence[Piece]], tokenizer: Tokenizer, most: int) -> Iterator[None]:
    """Run further processes within the block, one per further core.

    A process that fails or is killed is not replaced: the others encode its shards.

    Args:
        stem: of the files of the shards.
        shards: pieces of each.
        tokenizer: for all of them.
        most: largest number of processes.
    """
    count = max(0, min(most, len(os.sched_getaffinity(0)) - 1, _MOST))
    described = {
        "stem": [str(stem.folder), stem.slot, stem.name],
        "tokenizer": tokenizer.to_json(),
        "shards": [[dataclasses.astuple(piece) for piece in shard] for shard in shards],
    }
    environment = {**os.environ, "TOKENIZERS_PARALLELISM": "false"}  # each process has one core
    line = as_json(described) + "\n" if count else ""
    with running("dlcli.data.text.large.shard_worker", line, count, environment, patience=_PATIENCE):
        yield
