"""A process that encodes shards of a text larger than memory: `python -m dlcli.data.text.large.shard_worker`.

Its standard input describes the shards; the end of standard input means that the process which started it has ended.
"""

from __future__ import annotations

import json
import os
import sys
import threading

from dlcli.data import cache
from dlcli.data.text.large.file_pieces import Piece
from dlcli.data.text.large.token_shards import encode
from dlcli.data.text.tokenizers import from_json
from dlcli.errors import UserError


def main() -> None:
    """Encode shards that no other process is encoding, until none is left."""
    found = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    stem = cache.Stem.named(*found["stem"])
    shards = [[Piece(*piece) for piece in shard] for shard in found["shards"]]
    try:
        encode(stem, shards, from_json(found["tokenizer"]))
    except UserError as error:  # the process that started this one meets it too
        os._exit(error.exit_code)
    os._exit(0)


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)  # an incomplete shard is encoded again


if __name__ == "__main__":
    main()
