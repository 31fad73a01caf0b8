"""Functions of modules, compiled."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
from flax import nnx

from dlcli.compiling import compiler_options


def jit(function: Callable[..., Any], module: Any, *, donate: tuple[int, ...] = ()) -> Callable[..., Any]:
    """Return `function(module, *arguments)` as a compiled function of the arguments.

    The arrays of the module are arguments of the compiled program, so that they are not copied into it as constants.
    Changes that the function makes to the module are dropped.

    Args:
        function: pure but for changes of the module.
        module: an nnx module, or a tree of them.
        donate: positions among the arguments of those whose memory the results may take; they cannot be used again.
    """
    graph, state = nnx.split(module)
    compiled = functools.partial(
        jax.jit,
        lambda state, *arguments: function(nnx.merge(graph, state), *arguments),
        donate_argnums=tuple(1 + position for position in donate),
    )
    # jax refuses the options within another function that it traces, which is compiled with its own.
    alone, within = compiled(compiler_options=compiler_options()), compiled()

    def call(*arguments: Any) -> Any:
        traced = any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(arguments))
        return (within if traced else alone)(state, *arguments)

    return call
