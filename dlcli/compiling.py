"""How functions are compiled to the fastest code."""

from __future__ import annotations

import functools

import jax


@functools.cache
def compiler_options() -> dict[str, str]:
    """Return the options with which a step compiles to the fastest code on this machine.

    On the CPU, XLA hands a convolution's weight gradient to YNNPACK, where it takes two to four times
    as long as in XLA's own code; these options leave to it what it is good at.
    """
    options = {"xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT,LIBRARY_FUSION_TYPE_REDUCE"}
    if jax.default_backend() != "cpu":
        return {}
    try:
        jax.jit(lambda: 0, compiler_options=options).lower().compile()
    except jax.errors.JaxRuntimeError:  # an experimental option: another release may not know it
        return {}
    return options
