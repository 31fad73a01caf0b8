"""The XLA compiler: options for the fastest code whose results are reproducible, and the cache of compiled code."""

from __future__ import annotations

import functools
from typing import Any

import jax

from dlcli.paths import cache_folder

# On the CPU, XLA computes the weight gradient of a convolution with YNNPACK, which takes two to four times as long as
# XLA's own code; this restricts YNNPACK to what it does faster.
_CPU = {"xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT,LIBRARY_FUSION_TYPE_REDUCE"}
# On a GPU, sums by atomic additions round differently each time, and a resumed run would give other results.
_GPU = {"xla_gpu_deterministic_ops": True}


@functools.cache
def compiler_options() -> dict[str, Any]:
    """Return the compiler options for the default backend of this machine."""
    backend = jax.default_backend()
    if backend != "cpu":
        return _GPU if backend == "gpu" else {}
    try:
        jax.jit(lambda: 0, compiler_options=_CPU).lower().compile()
    except jax.errors.JaxRuntimeError:  # the option is experimental and missing in other releases
        return {}
    return _CPU


def cache_compilations() -> None:
    """Keep compiled code on disk, also small programs, for later commands."""
    jax.config.update("jax_compilation_cache_dir", str(cache_folder("compiled")))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
