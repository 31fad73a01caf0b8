"""The devices of a run, and the sharding of arrays over them."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from dlcli import memory
from dlcli.compiling import cache_compilations
from dlcli.engine import group
from dlcli.errors import DeviceError, UsageError
from dlcli.interface import Batch
from dlcli.runs.parts import Part, Slab

_MIN_SPLIT = 1024  # numbers; splitting smaller arrays saves nothing
_LARGEST_BLOCK = 64 * 2**20  # bytes of a file of a checkpoint, of which other processes may need a part
_MAX_CPU_DEVICES = 256  # each has its own threads


def prepare(device: str, *, join: bool = False) -> None:
    """Choose the backend and enable the compilation cache; must be called before jax computes.

    Args:
        device: "auto", "cpu", "gpu" or "tpu"; all except "auto" are required to exist.
        join: whether to connect to the other processes of the run.

    Raises:
        DeviceError: the device is not available.
        UsageError: the variables that describe the processes are not valid.
        LostError: the other processes did not connect in time.
    """
    if device == "cpu":
        jax.config.update("jax_platforms", "cpu")
    memory.keep()
    _split_cpu()
    if join and group.join().count > 1:
        jax.config.update("jax_cpu_enable_async_dispatch", False)  # collectives must start in one order everywhere
    cache_compilations()
    try:
        found = sorted({each.platform for each in jax.devices()})
    except (RuntimeError, AssertionError) as error:  # jax does not support the platform, or has no plugin for it
        wanted = jax.config.values["jax_platforms"]
        hint = "unset JAX_PLATFORMS, or install the platform"
        raise DeviceError(f"JAX_PLATFORMS is {wanted!r}, which jax cannot start on this machine", hint=hint) from error
    if device != "auto" and device not in found:
        hint = "install the driver and dlcli[cuda], or omit --device" if device == "gpu" else "omit --device"
        raise DeviceError(f"--device {device} needs a {device}, found {', '.join(found)}", hint=hint)


def mesh(batch_size: int) -> Mesh:
    """Return a mesh with a single axis `data`, over the largest number of devices that divides the batch size.

    Raises:
        UsageError: the devices of several processes do not divide it.
    """
    # Each process has adjacent devices, and so makes adjacent rows of a batch.
    devices = sorted(jax.devices(), key=lambda device: (device.process_index, device.id))
    if jax.process_count() > 1 and batch_size % len(devices):
        nearest = max(1, round(batch_size / len(devices))) * len(devices)
        raise UsageError(
            f"--batch-size must be a multiple of {len(devices)}, the devices of all processes, got {batch_size}",
            hint=f"--batch-size {nearest} is the nearest that fits",
        )
    count = max(n for n in range(1, len(devices) + 1) if batch_size % n == 0)
    return Mesh(np.asarray(devices[:count]), ("data",))


def replicated(over: Mesh) -> NamedSharding:
    """Return the sharding that puts the whole array on every device."""
    return NamedSharding(over, PartitionSpec())


def split(over: Mesh) -> NamedSharding:
    """Return the sharding that splits the first axis over the devices."""
    return NamedSharding(over, PartitionSpec("data"))


def state_shardings(over: Mesh, leaves: Sequence[Any], shard: str) -> list[NamedSharding]:
    """Return the sharding of each array of a state.

    With "fsdp", each device has its part of every array that is large and has an axis that the devices divide, along
    the longest such axis; XLA gathers the array where a step needs it whole. Reference: Rajbhandari et al., "ZeRO",
    2020, arXiv:1910.02054, stage 3.

    Args:
        over: the devices.
        leaves: the arrays, or their shapes and dtypes.
        shard: "none" or "fsdp".
    """
    return [_split_longest(over, leaf) if shard == "fsdp" else replicated(over) for leaf in leaves]


def _split_longest(over: Mesh, leaf: Any) -> NamedSharding:
    axes = [axis for axis, size in enumerate(leaf.shape) if size % over.size == 0]
    if not axes or math.prod(leaf.shape) < _MIN_SPLIT or jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        return replicated(over)
    longest = max(axes, key=lambda axis: leaf.shape[axis])
    return NamedSharding(over, PartitionSpec(*[None] * longest, "data"))


def place(tree: Any, sharding: Any) -> Any:
    """Put arrays on the devices; each process passes whole arrays and keeps what its devices need.

    The arrays are copied: a compiled step donates its arguments, and two of them may share an array.

    Args:
        tree: arrays of one device or of the host.
        sharding: of all arrays, or a tree of shardings.
    """
    if jax.process_count() == 1:
        return jax.device_put(tree, sharding, may_alias=False)
    if isinstance(sharding, NamedSharding):
        return jax.tree.map(lambda array: _distribute(array, sharding), tree)
    return jax.tree.map(_distribute, tree, sharding)


def place_batch(batch: Batch, sharding: NamedSharding) -> dict[str, jax.Array]:
    """Put a batch on the devices; each process passes its share of the rows."""
    if jax.process_count() == 1 or sharding.is_fully_addressable:
        return jax.device_put(dict(batch), sharding)
    return {name: jax.make_array_from_process_local_data(sharding, np.asarray(rows)) for name, rows in batch.items()}


def local(array: jax.Array) -> jax.Array:
    """Return an array as one that this process can read; all processes call it.

    An array that is split over several processes is gathered, as the only one at a time.
    """
    if array.is_fully_addressable:
        return array
    if not array.is_fully_replicated:
        assert isinstance(array.sharding, NamedSharding)
        everywhere = NamedSharding(array.sharding.mesh, PartitionSpec())
        array = jax.jit(lambda whole: whole, out_shardings=everywhere)(array)
    return array.addressable_data(0)


def split_axis(sharding: NamedSharding) -> int | None:
    """Return the axis along which an array is split over the devices, or None."""
    return next((axis for axis, name in enumerate(sharding.spec) if name is not None), None)


def part(array: jax.Array, axis: int) -> Part:
    """Return the blocks of an array, split along an axis, that are on the devices of this process.

    A device has one block or, where that would be too large to be read in part, several.
    """
    length = array.shape[axis] // array.sharding.num_devices
    longest = max(1, _LARGEST_BLOCK // max(1, array.nbytes // array.shape[axis]))
    starts = range(0, length, longest)
    lengths = [min(longest, length - start) for start in starts] * array.sharding.num_devices
    blocks: dict[int, np.ndarray] = {}
    for shard in array.addressable_shards:
        first = (shard.index[axis].start or 0) // length * len(starts)
        values = np.array(shard.data)  # a copy: a later step may reuse the memory of the device
        blocks |= dict(enumerate(np.split(values, starts[1:], axis), first))
    return Part(blocks, axis, lengths)


def local_range(sharding: NamedSharding, shape: tuple[int, ...], axis: int) -> tuple[int, int]:
    """Return start and end along an axis of what the devices of this process hold of an array.

    The devices of a process are neighbours in the mesh, so that it is one range.
    """
    places: Any = sharding.addressable_devices_indices_map(shape)
    ends = [index[axis].indices(shape[axis]) for index in places.values()]
    return min(start for start, _, _ in ends), max(stop for _, stop, _ in ends)


def _distribute(array: Any, sharding: NamedSharding) -> jax.Array:
    if isinstance(array, Slab):
        slab = array

        def region(index: tuple[slice, ...] | None) -> np.ndarray:
            assert index is not None
            return slab[index]

        return jax.make_array_from_callback(slab.shape, sharding, region)
    if jnp.issubdtype(array.dtype, jax.dtypes.prng_key):
        data = _distribute(jax.random.key_data(array), sharding)
        return jax.random.wrap_key_data(data, impl=jax.random.key_impl(array))
    whole = np.asarray(array)
    return jax.make_array_from_callback(whole.shape, sharding, lambda index: whole[index])


def describe(over: Mesh) -> str:
    """Return number and kind of the devices, such as "2 × cpu", and of processes if there are several."""
    kind = over.devices.flat[0].device_kind
    devices = f"{over.size} × {kind}" if over.size > 1 else str(kind)
    return f"{devices} in {jax.process_count()} processes" if jax.process_count() > 1 else devices


@contextmanager
def memory_errors() -> Iterator[None]:
    """Turn the out-of-memory error of a device into a `DeviceError`."""
    try:
        yield
    except jax.errors.JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error):
            raise
        raise DeviceError(
            f"the device is out of memory: {str(error).splitlines()[0]}",
            hint="halve --batch-size; --gradient-accumulation-steps 2 keeps the effective batch size",
        ) from error


def _split_cpu() -> None:
    """Split the CPU into DLCLI_CPU_DEVICES devices."""
    wanted = os.environ.get("DLCLI_CPU_DEVICES") or "1"
    if not (wanted.isdecimal() and len(wanted) < 6 and 0 < int(wanted) <= _MAX_CPU_DEVICES):
        raise UsageError(f"DLCLI_CPU_DEVICES must be a whole number from 1 to {_MAX_CPU_DEVICES}, got {wanted[:40]!r}")
    count = int(wanted)
    if count > 1:
        # The devices share a thread pool with one thread per core. If all threads wait in an all-reduce for a device
        # whose work is still queued, the pool deadlocks. XLA reads the size of the pool from this variable.
        os.environ.setdefault("NPROC", str(max(8, 4 * count)))
    if count > 1 and jax.config.values["jax_num_cpu_devices"] != count:
        try:
            jax.config.update("jax_num_cpu_devices", count)
        except RuntimeError:  # the backend has started: the caller of the library has chosen the devices
            return
    # With several CPU devices, asynchronous dispatch can deadlock in an all-reduce.
    jax.config.update("jax_cpu_enable_async_dispatch", count == 1)
