"""The parts of arrays that are split over the processes of a run: each process writes its own, process 0 collects them.

    checkpoints/.parts-00000500-1-TOKEN/1/00007.raw   written by process 1, renamed when all its parts are there
    checkpoints/00000500/part-1/00007.raw             moved there by process 0, before it writes the manifest

The state of a large model thus never has to be gathered in one process to be saved. A file is the bytes of a part in C
order, numbered as the names of the split arrays are sorted. Orbax writes split arrays too, but its processes wait for
each other, also where one of them has failed, and where they do not wait, process 0 alone writes arrays of the host.
"""

from __future__ import annotations

import dataclasses
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dlcli.errors import LostError
from dlcli.files import disk_errors, open_regular, sync

if TYPE_CHECKING:
    import numpy as np

_POLL, _PATIENCE = 0.05, 900.0  # seconds between two looks, and until a part must be there

Split = dict[str, tuple[int, list[int]]]  # axis along which an array is split, and the length of each part, by its name


@dataclasses.dataclass(frozen=True)
class Part:
    """The part of an array that this process holds.

    Attributes:
        values: the part.
        axis: along which the array is split, one part after the other.
        lengths: of all parts along the axis, by process.
    """

    values: np.ndarray
    axis: int
    lengths: Sequence[int]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the whole array."""
        found = list(self.values.shape)
        found[self.axis] = sum(self.lengths)
        return tuple(found)

    @property
    def dtype(self) -> np.dtype:
        """The type of its elements."""
        return self.values.dtype


Arrays = Mapping[str, "np.ndarray | Part"]


def split(arrays: Arrays) -> Split:
    """Return how the arrays are split that are."""
    return {name: (each.axis, list(each.lengths)) for name, each in arrays.items() if isinstance(each, Part)}


def whole(arrays: Arrays) -> dict[str, np.ndarray]:
    """Return the arrays that are not split."""
    return {name: each for name, each in arrays.items() if not isinstance(each, Part)}


def count(split: Split) -> int:
    """Return the number of processes that have written parts."""
    return max((len(lengths) for _, lengths in split.values()), default=1)


def write(folder: Path, arrays: Arrays) -> None:
    """Write the parts of this process into a folder, and wait until they are on the disk."""
    import numpy as np

    names = sorted(split(arrays))
    folder.mkdir(parents=True)
    for name, path in zip(names, _files(folder, len(names)), strict=True):
        part = arrays[name]
        assert isinstance(part, Part)
        np.ascontiguousarray(part.values).tofile(path)
        sync(path)
    sync(folder)


def read(checkpoint: Path, shapes: Mapping[str, tuple[tuple[int, ...], str]], split: Split) -> dict[str, np.ndarray]:
    """Return the arrays of a checkpoint that are split, put together from their parts.

    Args:
        checkpoint: its folder.
        shapes: shape and dtype of each array.
        split: as the checkpoint declares it.

    Raises:
        OSError, ValueError: a part cannot be read, or has another size.
    """
    import numpy as np

    files = [_files(checkpoint / f"part-{process}", len(split)) for process in range(count(split))]
    found = {}
    for number, (name, (axis, lengths)) in enumerate(sorted(split.items())):
        shape, dtype = shapes[name]
        found[name] = whole = np.empty(shape, dtype)
        start = 0
        for process, length in enumerate(lengths):
            part = (slice(None),) * axis + (slice(start, start + length),)
            with open_regular(files[process][number], links=False) as file:
                whole[part] = np.fromfile(file, dtype).reshape(whole[part].shape)
            start += length
    return found


def _files(folder: Path, count: int) -> list[Path]:
    return [folder / f"{number:05d}.raw" for number in range(count)]


class Exchange:
    """Where the parts of checkpoints are before process 0 has collected them."""

    def __init__(self, process: int, token: str):
        """Begin a session.

        Args:
            process: number of this process.
            token: of the session, the same in all processes, so that what an earlier one left is not taken.
        """
        self.process, self.token = process, token
        self._saves = 0  # of this session: a step may be saved twice

    def write(self, checkpoints: Path, step: int, arrays: Arrays) -> None:
        """Write the parts of this process, which is not the first; nothing if no array is split.

        Raises:
            DiskError: the disk is full or not writable.
        """
        place = self._next(checkpoints, step)
        if not split(arrays):
            return
        draft = place / f".{self.process}"
        with disk_errors(draft):
            write(draft, arrays)
            draft.rename(place / str(self.process))

    def collect(self, checkpoints: Path, step: int, arrays: Arrays, draft: Path) -> None:
        """Write the parts of this process into the draft of a checkpoint, and wait for those of the others.

        Raises:
            LostError: a process has not written its part in time.
        """
        place = self._next(checkpoints, step)
        if not split(arrays):
            return
        write(draft / "part-0", arrays)
        end = time.monotonic() + _PATIENCE
        for process in range(1, count(split(arrays))):
            while not (place / str(process)).exists():
                if time.monotonic() > end:
                    raise LostError(f"process {process} has not written its part of the checkpoint of step {step}")
                time.sleep(_POLL)
            (place / str(process)).rename(draft / f"part-{process}")
        shutil.rmtree(place, ignore_errors=True)

    def remove_others(self, checkpoints: Path) -> None:
        """Remove the parts that an earlier session has left."""
        for left in checkpoints.glob(".parts-*"):
            if not left.name.endswith(self.token):
                shutil.rmtree(left, ignore_errors=True)

    def _next(self, checkpoints: Path, step: int) -> Path:
        self._saves += 1
        return checkpoints / f".parts-{step:08d}-{self._saves}-{self.token}"
