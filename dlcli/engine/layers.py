"""The layers of a network with output shapes and parameter counts, from an abstract trace."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import jax
from flax import nnx

from dlcli.engine.learner import Learner
from dlcli.interface import Batch

_MARK = "layer_path"  # a static attribute: it is kept when a module is split, merged and cloned
_CONTAINERS = (nnx.List, nnx.Dict)

Shape = tuple[int, ...]
Outputs = dict[str, Shape | None]  # by path, in the order of the calls


@dataclasses.dataclass(frozen=True)
class Layer:
    """A module of the network, or a parameter that belongs to the learner directly.

    Attributes:
        path: within the learner, such as "network/head/logits".
        kind: the name of its class.
        output: shape of the first array that it returns for one training batch; None if it returns none.
        parameters: number of trainable parameters in it and in all modules below it.
        depth: number of layers that contain it.
    """

    path: str
    kind: str
    output: Shape | None
    parameters: int
    depth: int


def layers(build: Callable[[], Learner], batch: Batch) -> list[Layer]:
    """List the modules that one training step calls, in the order of the calls, each before those that it contains.

    Args:
        build: returns the untrained learner; it is only traced.
        batch: a training batch, as `update` takes it; only its shapes are used.
    """
    learner = nnx.eval_shape(build)
    learner.train()
    averages = [path for path, node in nnx.iter_graph(learner) if isinstance(node, nnx.EMA)]
    nodes = {
        "/".join(map(str, path)): node
        for path, node in nnx.iter_graph(learner)
        # The parameters of a moving average are copies.
        if path and not any(path[: len(average)] == average for average in averages)
    }
    modules = {
        path: node for path, node in nodes.items() if isinstance(node, nnx.Module) and not isinstance(node, _CONTAINERS)
    }
    outputs = _outputs(learner, modules, batch)
    sizes = {path: _size(node) for path, node in modules.items()}
    shown = {
        path: type(modules[path]).__name__
        for path in modules
        if sizes[path] or (callable(modules[path]) and outputs.get(path))
    }
    own = _own(nodes, shown)
    shown |= {path: "Param " + "×".join(map(str, node.shape)) for path, node in own.items()}
    sizes |= {path: node.size for path, node in own.items()}
    order = _order(shown, outputs)
    return [
        Layer(path, shown[path], outputs.get(path), sizes[path], len(_parents(path, shown)))
        for path in sorted(shown, key=order)
    ]


def _own(nodes: Mapping[str, Any], modules: Mapping[str, str]) -> dict[str, nnx.Param]:
    """Return the parameters that belong to the learner directly, or to a module that contains other modules."""
    outer = {parent for path in modules for parent in _parents(path, modules)}
    return {
        path: node
        for path, node in nodes.items()
        if isinstance(node, nnx.Param) and (not (above := _parents(path, modules)) or above[-1] in outer)
    }


def _outputs(learner: Learner, modules: Mapping[str, nnx.Module], batch: Batch) -> Outputs:
    """Trace one training step; return the output shape of each module that it calls."""
    for path, module in modules.items():
        setattr(module, _MARK, path)
    graph, state = nnx.split(learner)
    found: Outputs = {}
    with _recording({type(module) for module in modules.values()}, found):
        # The marks are part of the graph, so this trace is not cached.
        jax.eval_shape(lambda state, batch: nnx.merge(graph, state).update(batch), state, dict(batch))
    return found


@contextmanager
def _recording(classes: set[type], found: Outputs) -> Iterator[None]:
    """Record the output shape of each module: of the first `__call__`, or else of the last call of another method."""
    final: set[str] = set()
    before = [(cls, name, cls.__dict__.get(name)) for cls in classes for name in _methods(cls)]
    try:
        for cls, name, _ in before:
            setattr(cls, name, _recorded(getattr(cls, name), found, final))
        yield
    finally:
        for cls, name, method in before:
            if method is None:
                delattr(cls, name)
            else:
                setattr(cls, name, method)


def _methods(cls: type) -> list[str]:
    """Return the methods of a module class that `nnx.Module` does not have."""
    members = inspect.getmembers(cls, inspect.isfunction)
    return [name for name, _ in members if name == "__call__" or (name[0] != "_" and not hasattr(nnx.Module, name))]


def _recorded(method: Callable[..., Any], found: Outputs, final: set[str]) -> Callable[..., Any]:
    @functools.wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        path = getattr(self, _MARK, None)
        if path is None:
            return method(self, *args, **kwargs)
        found.setdefault(path, None)  # before the modules it calls
        output = method(self, *args, **kwargs)
        shapes = [leaf.shape for leaf in jax.tree.leaves(output) if getattr(leaf, "shape", ())]
        if shapes and path not in final:
            found[path] = shapes[0]
            final.update([path] if method.__name__ == "__call__" else [])
        return output

    return wrapper


def _parents(path: str, among: Mapping[str, Any]) -> list[str]:
    """Return the paths that contain this one, the outermost first."""
    parts = path.split("/")
    return [parent for end in range(1, len(parts)) if (parent := "/".join(parts[:end])) in among]


def _order(shown: Mapping[str, Any], outputs: Outputs) -> Callable[[str], list[int]]:
    """Return a key that sorts paths by the first call of each module that contains them."""
    position = {path: i for i, path in enumerate([*outputs, *(path for path in shown if path not in outputs)])}
    return lambda path: [position[each] for each in (*_parents(path, shown), path)]


def _size(node: Any) -> int:
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(node, nnx.Param)))
