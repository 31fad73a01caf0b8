"""Which devices a run computes on, and how arrays lie on them."""

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

_MOST_CPUS = 256  # devices that a CPU is split into; each has threads of its own


def prepare(device: str) -> None:
    """Choose the backend and switch on the compilation cache; call it before jax computes.

    Args:
        device: "auto", "cpu", "gpu" or "tpu"; all but the first are demands.

    Raises:
        DeviceError: the device that is demanded is not there.
    """
    if device == "cpu":
        jax.config.update("jax_platforms", "cpu")
    _keep_memory()
    _split_cpu()
    _cache_compilations(cache_folder("compiled"))
    try:
        found = sorted({each.platform for each in jax.devices()})
    except (RuntimeError, AssertionError) as error:  # jax knows no such platform, or has no plugin for it
        wanted = jax.config.values["jax_platforms"]
        hint = "unset JAX_PLATFORMS, or install what it asks for"
        raise DeviceError(f"JAX_PLATFORMS asks for {wanted!r}, which jax cannot start here", hint=hint) from error
    if device != "auto" and device not in found:
        hint = "install the driver and dlcli[cuda], or leave --device out" if device == "gpu" else "leave --device out"
        raise DeviceError(f"--device {device} needs a {device}, found {', '.join(found)}", hint=hint)


def mesh(batch_size: int) -> Mesh:
    """Return a mesh, with the one axis `data`, over as many devices as divide the batch evenly."""
    devices = jax.devices()
    count = max(n for n in range(1, len(devices) + 1) if batch_size % n == 0)
    return Mesh(np.asarray(devices[:count]), ("data",))


def replicated(over: Mesh) -> NamedSharding:
    """Every device holds the whole array."""
    return NamedSharding(over, PartitionSpec())


def split(over: Mesh) -> NamedSharding:
    """Every device holds its share of the first axis."""
    return NamedSharding(over, PartitionSpec("data"))


def describe(over: Mesh) -> str:
    """Return "2 × cpu" or the like."""
    kind = over.devices.flat[0].device_kind
    return f"{over.size} × {kind}" if over.size > 1 else str(kind)


@contextmanager
def memory_errors() -> Iterator[None]:
    """Turn a device that ran out of memory into a `DeviceError`."""
    try:
        yield
    except jax.errors.JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error):
            raise
        raise DeviceError(
            f"the device has too little memory: {str(error).splitlines()[0]}",
            hint="halve --batch-size; --gradient-accumulation-steps 2 keeps the size of an update",
        ) from error


def _keep_memory() -> None:
    """Let glibc keep the memory of a step for the next one, instead of returning and faulting in its pages again."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # another C library
        return
    trim_threshold, mmap_threshold = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of malloc.h
    mallopt(mmap_threshold, 1 << 30)
    mallopt(trim_threshold, 2**31 - 1)


def _split_cpu() -> None:
    """Make the CPU a mesh of DLCLI_CPU_DEVICES devices."""
    wanted = os.environ.get("DLCLI_CPU_DEVICES") or "1"
    if not (wanted.isdecimal() and len(wanted) < 6 and 0 < int(wanted) <= _MOST_CPUS):
        raise UsageError(f"DLCLI_CPU_DEVICES must be a whole number from 1 to {_MOST_CPUS}, got {wanted[:40]!r}")
    count = int(wanted)
    if count > 1:
        # The devices share one pool of threads, as many as cores: where all of them wait in an all-reduce for a
        # device whose work stands behind them, none goes on. XLA takes the size of the pool from this variable.
        os.environ.setdefault("NPROC", str(max(8, 4 * count)))
    if count > 1 and jax.config.values["jax_num_cpu_devices"] != count:
        try:
            jax.config.update("jax_num_cpu_devices", count)
        except RuntimeError:  # the backend has started: a caller of the library chose before us
            return
    # With several CPU devices, asynchronous dispatch can deadlock in an all-reduce.
    jax.config.update("jax_cpu_enable_async_dispatch", count == 1)


def _cache_compilations(folder: Path) -> None:
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
