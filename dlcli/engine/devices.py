"""Which devices a run computes on, and how arrays lie on them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from dlcli.errors import DeviceError
from dlcli.paths import cache_folder


def prepare(device: str) -> None:
    """Choose the backend and switch on the compilation cache; call it before jax computes.

    Args:
        device: "auto", "cpu", "gpu" or "tpu"; all but the first are demands.

    Raises:
        DeviceError: the device that is demanded is not there.
    """
    if device == "cpu":
        jax.config.update("jax_platforms", "cpu")
    _split_cpu()
    _cache_compilations(cache_folder("compiled"))
    found = sorted({each.platform for each in jax.devices()})
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
            hint="halve --batch-size; --accumulate 2 keeps the size of an update",
        ) from error


def _split_cpu() -> None:
    """Make the CPU a mesh of DLCLI_CPU_DEVICES devices."""
    count = int(os.environ.get("DLCLI_CPU_DEVICES", "1"))
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
