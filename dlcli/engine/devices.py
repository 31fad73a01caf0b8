"""The devices of a run, and the sharding of arrays over them."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from dlcli.errors import DeviceError, UsageError
from dlcli.paths import cache_folder

_MAX_CPU_DEVICES = 256  # each has its own threads


def prepare(device: str) -> None:
    """Choose the backend and enable the compilation cache; must be called before jax computes.

    Args:
        device: "auto", "cpu", "gpu" or "tpu"; all except "auto" are required to exist.

    Raises:
        DeviceError: the device is not available.
    """
    if device == "cpu":
        jax.config.update("jax_platforms", "cpu")
    _keep_memory()
    _split_cpu()
    _cache_compilations(cache_folder("compiled"))
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
    """Return a mesh with a single axis `data`, over the largest number of devices that divides the batch size."""
    devices = jax.devices()
    count = max(n for n in range(1, len(devices) + 1) if batch_size % n == 0)
    return Mesh(np.asarray(devices[:count]), ("data",))


def replicated(over: Mesh) -> NamedSharding:
    """Return the sharding that puts the whole array on every device."""
    return NamedSharding(over, PartitionSpec())


def split(over: Mesh) -> NamedSharding:
    """Return the sharding that splits the first axis over the devices."""
    return NamedSharding(over, PartitionSpec("data"))


def describe(over: Mesh) -> str:
    """Return number and kind of the devices, such as "2 × cpu"."""
    kind = over.devices.flat[0].device_kind
    return f"{over.size} × {kind}" if over.size > 1 else str(kind)


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


def _keep_memory() -> None:
    """Let glibc keep the memory of a step for the next one, which saves page faults."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # another C library
        return
    trim_threshold, mmap_threshold, arena_max = -1, -3, -8  # M_TRIM_THRESHOLD, … of malloc.h
    mallopt(mmap_threshold, 1 << 30)
    mallopt(trim_threshold, 2**31 - 1)
    # The thresholds hold for the main arena only; XLA's threads would have their own, and return their memory.
    mallopt(arena_max, 1)


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


def _cache_compilations(folder: Path) -> None:
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
