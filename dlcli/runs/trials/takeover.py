"""What a lost host has left of a trial, where the file system that it is on is shared.

It is copied, not continued in place: the other host may only have been frozen, and write to it again.
"""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

from dlcli.files import disk_errors
from dlcli.notices import warn

_INCOMPLETE = (".draft-*", ".removed-*", ".parts-*")  # checkpoints


def copied(source: Path, target: Path) -> bool:
    """Copy the folder of a run, or of several runs; return whether it was copied.

    Args:
        source: of the lost host.
        target: of this host; if it exists, it stays, since each of them can be continued.

    Raises:
        DiskError: the disk is full or not writable.
    """
    if target.exists() or not source.is_dir():
        return False
    draft = target.with_name(f".{target.name}-{secrets.token_hex(4)}")
    try:
        with disk_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(source, draft, symlinks=True, ignore=shutil.ignore_patterns(*_INCOMPLETE))
            draft.rename(target)
    except OSError as error:  # the other host is at work again
        warn(f"{source} changed while it was copied, and is started again: {error}")
        return False
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return True
