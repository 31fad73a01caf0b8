"""How functions are compiled: to the fastest code that computes the same numbers each time."""

from __future__ import annotations

import functools
from typing import Any

import jax

# On the CPU, XLA hands a convolution's weight gradient to YNNPACK, where it takes two to four times as long as in
# XLA's own code; this leaves to YNNPACK what it is good at.
_CPU = {"xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT,LIBRARY_FUSION_TYPE_REDUCE"}
# On a GPU, sums by atomic additions round differently each time, and a resumed run would end elsewhere.
_GPU = {"xla_gpu_deterministic_ops": True}


@functools.cache
def compiler_options() -> dict[str, Any]:
    """Return the options with which a step is compiled on this machine."""
    backend = jax.default_backend()
    if backend != "cpu":
        return _GPU if backend == "gpu" else {}
    try:
        jax.jit(lambda: 0, compiler_options=_CPU).lower().compile()
    except jax.errors.JaxRuntimeError:  # an experimental option: another release may not know it
        return {}
    return _CPU
