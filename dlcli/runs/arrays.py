"""The arrays of a checkpoint, written and read by orbax."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import jax
import numpy as np
import orbax.checkpoint as ocp

from dlcli.files import ascii_path
from dlcli.runs.manifest import Corrupt, Declared, declared

Shapes = Mapping[str, jax.ShapeDtypeStruct]


def write(checkpoint: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays into the folder `state` of a checkpoint."""
    with ascii_path(checkpoint) as folder:
        _checkpointer().save(folder / "state", _non_empty(arrays))


def read(checkpoint: Path, wanted: Declared) -> dict[str, np.ndarray]:
    """Read arrays of the shapes and dtypes that the manifest declares; raise `Corrupt` if they are others."""
    stored = {name: each for name, each in wanted.items() if math.prod(each[0])}
    as_numpy = {name: ocp.RestoreArgs(restore_type=np.ndarray) for name in stored}
    with _readable(checkpoint) as state:
        _check_layout(state, stored)
        found = dict(_checkpointer().restore(state, restore_args=as_numpy))
    if declared(found) != stored:
        raise Corrupt(f"{checkpoint / 'state'} contains other arrays than it declares")
    return found | {name: np.zeros(*wanted[name]) for name in wanted.keys() - stored.keys()}


def check(checkpoint: Path, wanted: Declared) -> None:
    """Read the index of the arrays alone; raise `Corrupt` if it declares others."""
    with _readable(checkpoint) as state:
        _check_layout(state, {name: each for name, each in wanted.items() if math.prod(each[0])})


def _checkpointer() -> ocp.Checkpointer:
    """Return a checkpointer of this process alone; by default, orbax waits for all processes of the run."""
    alone = jax.process_index()
    processes = ocp.options.MultiprocessingOptions(alone, {alone}, f"process-{alone}")
    # Uncompressed: weights hardly shrink, and a file smaller than its arrays is known to be wrong.
    handler = ocp.PyTreeCheckpointHandler(use_compression=False, multiprocessing_options=processes)
    return ocp.Checkpointer(handler, multiprocessing_options=processes)


def _non_empty(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: array for name, array in arrays.items() if array.size}  # orbax refuses empty arrays


@contextmanager
def _readable(checkpoint: Path) -> Iterator[Path]:
    """Yield a path of the arrays that orbax accepts; turn whatever it raises on untrusted files into `Corrupt`."""
    with ascii_path(checkpoint) as folder:
        try:
            yield folder / "state"
        except MemoryError:
            raise
        except Exception as error:
            reason = str(error).partition("\n")[0].replace(str(folder), str(checkpoint))
            raise Corrupt(f"{checkpoint / 'state'} cannot be read: {reason}") from error


def _check_layout(state: Path, stored: Declared) -> None:
    # The manifest is untrusted too: before orbax allocates memory, its own record must agree with it.
    tree = _checkpointer().metadata(state).item_metadata.tree
    if tree.keys() != stored.keys():
        raise Corrupt("it declares other arrays than the manifest")
    for name, (shape, dtype) in stored.items():
        array = tree[name]
        chunk = array.storage.chunk_shape if array.storage else shape
        same = tuple(array.shape) == shape and str(np.dtype(array.dtype)) == dtype
        if not same or math.prod(chunk) > max(1, math.prod(shape)):
            raise Corrupt(f"it declares {name} as {array.dtype}{list(array.shape)} in chunks of {chunk}")
