"""Arrays that are split: each process of a run writes and reads only the blocks that are on its devices.

    checkpoints/.parts-00000500-1-TOKEN/1/part-2/00007.raw   written by process 1, renamed when all its blocks are there
    checkpoints/00000500/part-2/00007.raw                    moved there by process 0, before it writes the manifest

The state of a large model thus never has to be gathered in one process to be saved, nor read as a whole to be restored.
A file is one block of one array, its bytes in C order: the folder is the number of the block along the axis, the file
that of the array, as the names of the split arrays are sorted. Orbax writes split arrays too, but its processes wait
for each other, also where one has failed, and where they do not wait, process 0 alone writes arrays of the host.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcli.errors import LostError
from dlcli.files import as_json, disk_errors, open_regular, sync

if TYPE_CHECKING:
    import numpy as np

_POLL, _PATIENCE = 0.05, 900.0  # seconds between two looks, and until a part must be there
_SEALS = "seals.json"

# Axis along which an array is split, and the length of each block, by its name.
Split = dict[str, tuple[int, list[int]]]
# Size in bytes and SHA-256 of each file, by its path within the checkpoint.
Seals = dict[str, tuple[int, str]]
# What a process needs of an array: an axis, and from where to where along it.
Ranges = Mapping[str, tuple[int, int, int]]


@dataclasses.dataclass(frozen=True)
class Part:
    """What this process has of an array that is split.

    Attributes:
        blocks: their values by number, at least one; each is on the disk of this process alone.
        axis: along which the array is split, one block after the other.
        lengths: of all blocks along the axis.
    """

    blocks: Mapping[int, np.ndarray]
    axis: int
    lengths: Sequence[int]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the whole array."""
        found = list(self._some.shape)
        found[self.axis] = sum(self.lengths)
        return tuple(found)

    @property
    def dtype(self) -> np.dtype:
        """The type of its elements."""
        return self._some.dtype

    @property
    def _some(self) -> np.ndarray:
        return next(iter(self.blocks.values()))


@dataclasses.dataclass(frozen=True)
class Slab:
    """A range of an array along an axis, as a process reads it from a checkpoint.

    Attributes:
        values: of the range.
        axis: along which the array is cut.
        start: of the range along the axis.
        shape: of the whole array.
    """

    values: np.ndarray
    axis: int
    start: int
    shape: tuple[int, ...]

    @property
    def dtype(self) -> np.dtype:
        """The type of its elements."""
        return self.values.dtype

    def __getitem__(self, index: tuple[slice, ...]) -> np.ndarray:
        """Return a region of the array, given by its place in the whole array."""
        within = list(index)
        start, stop, _ = index[self.axis].indices(self.shape[self.axis])
        if not self.start <= start <= stop <= self.start + self.values.shape[self.axis]:
            raise IndexError(f"{start}:{stop} is not within the range that was read")
        within[self.axis] = slice(start - self.start, stop - self.start)
        return self.values[tuple(within)]


Arrays = Mapping[str, "np.ndarray | Part"]
Restored = dict[str, "np.ndarray | Slab"]


def split(arrays: Arrays) -> Split:
    """Return how the arrays are split that are."""
    return {name: (each.axis, list(each.lengths)) for name, each in arrays.items() if isinstance(each, Part)}


def whole(arrays: Arrays) -> dict[str, np.ndarray]:
    """Return the arrays that are not split."""
    return {name: each for name, each in arrays.items() if not isinstance(each, Part)}


def block_files(split: Split) -> set[str]:
    """Return the paths of all blocks within a checkpoint."""
    return {path for paths in _paths(split).values() for path in paths}


def write(folder: Path, arrays: Arrays) -> Seals:
    """Write the blocks of this process into a folder, and wait until they are on the disk; return their seals."""
    import numpy as np

    found: Seals = {}
    for name, paths in _paths(split(arrays)).items():
        part = arrays[name]
        assert isinstance(part, Part)
        for number, values in part.blocks.items():
            content = np.ascontiguousarray(values).view(np.uint8)
            path = folder / paths[number]
            path.parent.mkdir(parents=True, exist_ok=True)
            content.tofile(path)
            sync(path)
            found[paths[number]] = content.nbytes, hashlib.sha256(content.data).hexdigest()
    for changed in (*{(folder / path).parent for path in found}, folder):
        sync(changed)
    return found


def read(
    checkpoint: Path,
    shapes: Mapping[str, tuple[tuple[int, ...], str]],
    split: Split,
    seals: Mapping[str, Any],
    needed: Ranges,
) -> Restored:
    """Return the arrays of a checkpoint that are split, or the ranges of them that this process needs.

    Only the blocks that overlap what is needed are read, each once.

    Args:
        checkpoint: its folder.
        shapes: shape and dtype of each array.
        split: as the checkpoint declares it.
        seals: an object with `size` and `sha256` for each file, by its path within the checkpoint.
        needed: of arrays that are not needed as a whole, the range.

    Raises:
        OSError, ValueError: a block cannot be read, or is not what was written.
    """
    import numpy as np

    found: Restored = {}
    for name, paths in _paths(split).items():
        axis, lengths = split[name]
        shape, kind = shapes[name]
        along, first, end = needed.get(name, (axis, 0, shape[axis]))
        # Along another axis, each block has a part of what is needed.
        low, high = (first, end) if along == axis else (0, shape[axis])
        region = np.empty(_resized(shape, axis, high - low), kind)
        for number, start, stop in _overlapping(lengths, low, high):
            content = _sealed(checkpoint, paths[number], seals)
            block = np.frombuffer(content, kind).reshape(_resized(shape, axis, stop - start))
            begin, finish = max(start, low), min(stop, high)
            region[_along(axis, begin - low, finish - low)] = block[_along(axis, begin - start, finish - start)]
        if along != axis:
            region = region[_along(along, first, end)].copy()
        found[name] = Slab(region, along, first, shape) if name in needed else region
    return found


def _resized(shape: Sequence[int], axis: int, length: int) -> tuple[int, ...]:
    return (*shape[:axis], length, *shape[axis + 1 :])


def _along(axis: int, start: int, stop: int) -> tuple[slice, ...]:
    return (*(slice(None),) * axis, slice(start, stop))


def _overlapping(lengths: Sequence[int], low: int, high: int) -> Iterator[tuple[int, int, int]]:
    """Yield number, start and end of each block that overlaps a range."""
    start = 0
    for number, length in enumerate(lengths):
        if start < high and low < start + length:
            yield number, start, start + length
        start += length


def _sealed(checkpoint: Path, name: str, seals: Mapping[str, Any]) -> bytes:
    """Read a file of a checkpoint, which must be what was written."""
    if name not in seals:
        raise ValueError(f"the manifest does not name {name}")
    with open_regular(checkpoint / name, links=False) as file:
        content = file.read(seals[name].size + 1)  # a file without end must not be read
    if len(content) != seals[name].size or hashlib.sha256(content).hexdigest() != seals[name].sha256:
        raise ValueError(f"{checkpoint / name} is not what was written")
    return content


def _paths(split: Split) -> dict[str, list[str]]:
    """Return the paths of the blocks of each array within a checkpoint."""
    return {
        name: [f"part-{number}/{array:05d}.raw" for number in range(len(split[name][1]))]
        for array, name in enumerate(sorted(split))
    }


class Exchange:
    """Where the blocks of checkpoints are before process 0 has collected them."""

    def __init__(self, process: int, count: int, token: str):
        """Begin a session.

        Args:
            process: number of this process.
            count: number of processes.
            token: of the session, the same in all processes, so that what an earlier one left is not taken.
        """
        self.process, self.count, self.token = process, count, token
        self._saves = 0  # of this session: a step may be saved twice

    def write(self, checkpoints: Path, step: int, arrays: Arrays) -> None:
        """Write the blocks of this process, which is not the first; nothing if no array is split.

        Raises:
            DiskError: the disk is full or not writable.
        """
        place = self._next(checkpoints, step)
        if not split(arrays):
            return
        draft = place / f".{self.process}"
        with disk_errors(draft):
            draft.mkdir(parents=True)
            (draft / _SEALS).write_text(as_json(write(draft, arrays)))
            draft.rename(place / str(self.process))

    def collect(self, checkpoints: Path, step: int, arrays: Arrays, draft: Path) -> Seals:
        """Move the blocks of the other processes into the draft of a checkpoint, as soon as they are there.

        Returns:
            their seals.

        Raises:
            LostError: a process has not written its blocks in time.
        """
        place = self._next(checkpoints, step)
        if not split(arrays):
            return {}
        seals: Seals = {}
        end = time.monotonic() + _PATIENCE
        for process in range(1, self.count):
            while not (place / str(process)).exists():
                if time.monotonic() > end:
                    raise LostError(f"process {process} has not written its part of the checkpoint of step {step}")
                time.sleep(_POLL)
            theirs = json.loads((place / str(process) / _SEALS).read_text())
            for path, (size, checksum) in theirs.items():
                (draft / path).parent.mkdir(exist_ok=True)
                (place / str(process) / path).rename(draft / path)
                seals[path] = size, checksum
        shutil.rmtree(place, ignore_errors=True)
        return seals

    def remove_others(self, checkpoints: Path) -> None:
        """Remove the blocks that an earlier session has left."""
        for left in checkpoints.glob(".parts-*"):
            if not left.name.endswith(self.token):
                shutil.rmtree(left, ignore_errors=True)

    def _next(self, checkpoints: Path, step: int) -> Path:
        self._saves += 1
        return checkpoints / f".parts-{step:08d}-{self._saves}-{self.token}"
