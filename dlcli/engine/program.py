"""A learner as pure functions of its state, compiled for the devices of a mesh.

`nnx` splits the learner into a static graph and a state. Here the state is a list of arrays (`Leaves`), which jax
flattens faster than an `nnx.State`; it does so at each step.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.sharding import Mesh, NamedSharding

from dlcli import interface
from dlcli.compiling import compiler_options
from dlcli.engine import devices
from dlcli.engine.in_flight import InFlight
from dlcli.engine.learner import Learner
from dlcli.interface import Batch
from dlcli.metrics.metric import Metrics, add
from dlcli.optim.build import Trainable
from dlcli.options.common import FitOptions
from dlcli.options.initialization import InitFromOptions, matches
from dlcli.runs.parts import Part, Ranges, Slab

Leaves = list[jax.Array]


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Window:
    """Training metrics since the last report, on the device.

    Attributes:
        metrics: their sums.
        seen: number of steps in the window, int32 [].
        bad: 1-based index within the window of the first step with a value that is not finite,
            int32 []; 0 if there is none.
    """

    metrics: Metrics
    seen: jax.Array
    bad: jax.Array


class Program:
    """The pure functions of one learner.

    Attributes:
        monitor: names of the `score` metrics that select the best weights.
        names: path of each leaf within the learner.
        shapes: shape and dtype of each leaf by its path, as saved (random keys as uint32 data).
        shardings: of each leaf over the devices.
    """

    def __init__(self, learner_type: type[Learner], options: FitOptions, facts: interface.Facts, mesh: Mesh):
        self.mesh = mesh
        self.monitor = learner_type.monitor(options)
        self._build = lambda: learner_type(options, facts)
        self._abstract = nnx.eval_shape(self._build)
        frozen = options.initialization.frozen if isinstance(options, InitFromOptions) else ()
        # `train` and `eval` set static attributes, so each mode has its own graph.
        self._abstract.train()
        self._evaluate_frozen(frozen)
        self._graphs = {"update": nnx.graphdef(self._abstract)}
        self._abstract.eval()
        self._graphs["score"] = nnx.graphdef(self._abstract)
        self._leaves, self._treedef = jax.tree.flatten(nnx.state(self._abstract))
        self.names = _paths(nnx.state(self._abstract))
        self.shapes = {
            name: jax.eval_shape(_key_to_data, leaf) for name, leaf in zip(self.names, self._leaves, strict=True)
        }
        # Jitted, so that the trace for the shapes of the metrics is reused within the compiled functions.
        self._methods = {name: jax.jit(functools.partial(self._apply, name)) for name in self._graphs}
        self.shardings = devices.state_shardings(mesh, self._leaves, options.shard)
        compiled = functools.partial(
            jax.jit,
            out_shardings=(self.shardings, devices.replicated(mesh)),
            compiler_options=compiler_options(),
        )
        # The window is small and is not donated: it shows when the device has computed the step.
        self.update = compiled(self._update, donate_argnums=0)
        self.score = compiled(self._score)
        self._finite = jax.jit(
            lambda leaves: jnp.all(jnp.stack([jnp.isfinite(leaf).all() for leaf in leaves])),
            out_shardings=devices.replicated(mesh),
        )

    @property
    def parameters(self) -> int:
        """Number of parameters, frozen ones included."""
        averages = [node for _, node in nnx.iter_graph(self._abstract) if isinstance(node, nnx.EMA)]
        return _size(self._abstract) - sum(map(_size, averages))  # the parameters of a moving average are copies

    @cached_property
    def optimized(self) -> dict[str, list[str]]:
        """The paths of the parameters that each optimizer updates, in the order of its state, by its own path."""
        return {
            path: [f"{each.wrt.network}/{name}" for name in _paths(nnx.state(self._network(each), each.wrt))]
            for path, each in self._optimizers().items()
        }

    @cached_property
    def parameter_paths(self) -> list[str]:
        """The paths of the parameters of the networks, frozen ones included."""
        return self._within_networks(nnx.Param)

    @cached_property
    def weights(self) -> list[str]:
        """The paths of the parameters and batch statistics of the networks."""
        return self._within_networks(nnx.Any(nnx.Param, nnx.BatchStat))

    @property
    def frozen(self) -> list[str]:
        """The paths of the parameters that no optimizer updates, although it updates others of the same network."""
        trained = {path for paths in self.optimized.values() for path in paths}
        return [path for path in self.parameter_paths if path not in trained] if self.optimized else []

    @cached_property
    def averages(self) -> dict[str, str]:
        """The paths of the moving averages of parameters, by the path of the parameter."""
        found: dict[str, str] = {}
        for path, node in nnx.iter_graph(self._abstract):
            if isinstance(node, nnx.EMA):
                names = _paths(node.params)
                for network in self._networks():
                    if set(names) <= set(_paths(nnx.state(getattr(self._abstract, network)))):
                        prefix = "/".join(map(str, path))
                        found |= {f"{network}/{name}": f"{prefix}/params/{name}" for name in names}
        return found

    @property
    def frozen_parameters(self) -> int:
        """Number of parameters that are frozen."""
        return sum(math.prod(self.shapes[path].shape) for path in self.frozen)

    @property
    def bytes(self) -> int:
        """Size of the state in bytes."""
        return sum(map(_bytes, self.shapes.values()))

    def device_bytes(self, shard: str) -> int:
        """Return the bytes of the state on each device, with a value of `--shard`."""
        shardings = devices.state_shardings(self.mesh, self._leaves, shard)
        parts = [1 if each.is_fully_replicated else self.mesh.size for each in shardings]
        return sum(_bytes(shape) // part for shape, part in zip(self.shapes.values(), parts, strict=True))

    def initial(self) -> Leaves:
        """Return the state of the untrained learner; a sharded one is never whole on a device."""
        if all(each.is_fully_replicated for each in self.shardings):
            # Not compiled as one function: that would take many seconds for every seed.
            return self.leaves_of(self._build())
        create = jax.jit(lambda: jax.tree.leaves(nnx.state(self._build())), out_shardings=self.shardings)
        return list(create())

    def initial_without(self, paths: Collection[str]) -> dict[str, np.ndarray]:
        """Return the state of the untrained learner as it is saved, without some leaves, which are not computed.

        Args:
            paths: of the leaves that are left out, such as weights that will be filled in.
        """
        kept = [name for name in self.names if name not in paths]

        def create() -> list[jax.Array]:
            leaves = dict(zip(self.names, jax.tree.leaves(nnx.state(self._build())), strict=True))
            return [_key_to_data(leaves[name]) for name in kept]

        return dict(zip(kept, jax.device_get(jax.jit(create)()), strict=True))

    def empty_window(self, batch: Batch) -> Window:
        """Return a window without steps."""
        zero = np.zeros([], np.int32)
        return Window(**self._place({"metrics": self._no_metrics("update", batch), "seen": zero, "bad": zero}))

    def empty_score(self, batch: Batch) -> Metrics:
        """Return metrics without examples."""
        return self._place(self._no_metrics("score", batch))

    def is_finite(self, leaves: Leaves) -> bool:
        """Return whether all floating-point values of the state are finite."""
        return bool(self._finite([leaf for leaf in leaves if jnp.issubdtype(leaf.dtype, jnp.floating)]))

    def learner(self, leaves: Leaves) -> Learner:
        """Return a learner with this state, in evaluation mode."""
        return nnx.merge(self._graphs["score"], jax.tree.unflatten(self._treedef, leaves))

    def local_learner(self, leaves: Leaves) -> Learner:
        """Return a learner that this process can change alone, in evaluation mode."""
        if jax.process_count() == 1:
            return self.learner(leaves)
        arrays = self.to_host(leaves)
        return self.learner(
            [jnp.asarray(_data_to_key(arrays[name], leaf)) for name, leaf in zip(self.names, self._leaves, strict=True)]
        )

    def leaves_of(self, learner: Learner) -> Leaves:
        """Return the state of a learner."""
        return self._place_state(jax.tree.leaves(nnx.state(learner)))

    def to_save(self, leaves: Leaves) -> dict[str, np.ndarray | Part]:
        """Return what this process saves of the state, and wait until it is computed: of a split array its blocks."""
        found: dict[str, Any] = {}
        parts: dict[str, Part] = {}
        for name, leaf, sharding in zip(self.names, leaves, self.shardings, strict=True):
            axis = devices.split_axis(sharding)
            if axis is None:
                found[name] = _key_to_data(devices.local(leaf))
            else:
                parts[name] = devices.part(leaf, axis)
        return {**jax.device_get(found), **parts}

    def needed(self) -> Ranges:
        """Return the range of each split array that the devices of this process hold, if there are other processes."""
        found = {}
        for name, sharding in zip(self.names, self.shardings, strict=True):
            axis = devices.split_axis(sharding)
            if axis is not None and not sharding.is_fully_addressable:
                found[name] = axis, *devices.local_range(sharding, self.shapes[name].shape, axis)
        return found

    def to_host(self, leaves: Leaves) -> dict[str, np.ndarray]:
        """Return the whole state; wait until it is computed."""
        found = {}
        for name, leaf in zip(self.names, leaves, strict=True):
            found[name] = _key_to_data(devices.local(leaf))
            if not leaf.is_fully_replicated:  # it may have been gathered, and is freed before the next one
                found[name] = jax.device_get(found[name])
        return dict(jax.device_get(found))

    def from_host(self, arrays: Mapping[str, np.ndarray | Slab]) -> Leaves:
        """Return the state from the result of `to_host`, or from what this process needs of it."""
        pairs = zip(self.names, self._leaves, strict=True)
        return self._place_state([_data_to_key(arrays[name], leaf) for name, leaf in pairs])

    def _place_state(self, leaves: Sequence[Any]) -> Leaves:
        return list(devices.place(list(leaves), self.shardings))

    def _optimizers(self) -> dict[str, nnx.Optimizer]:
        nodes = {"/".join(map(str, path)): node for path, node in nnx.iter_graph(self._abstract)}
        return {
            path: node
            for path, node in nodes.items()
            if isinstance(node, nnx.Optimizer) and isinstance(node.wrt, Trainable)
        }

    def _network(self, optimizer: nnx.Optimizer) -> nnx.Module:
        module: nnx.Module = getattr(self._abstract, optimizer.wrt.network)
        return module

    def _networks(self) -> list[str]:
        """Return the attributes of the learner that are networks with an optimizer."""
        return [optimizer.wrt.network for optimizer in self._optimizers().values()]

    def _within_networks(self, of: Any) -> list[str]:
        """Return the paths of variables within the networks, or of a learner without optimizers, all of them."""
        roots = set(self._networks())
        paths = _paths(nnx.state(self._abstract, of))
        return [path for path in paths if not roots or path.split("/")[0] in roots]

    def _evaluate_frozen(self, frozen: tuple[str, ...]) -> None:
        """Set frozen modules to evaluation: their batch statistics stay, and they have no dropout."""
        for path, node in nnx.iter_graph(self._abstract) if frozen else ():
            if path and isinstance(node, nnx.Module) and matches(frozen, "/".join(map(str, path))):
                node.eval()

    def _place(self, tree: Any) -> Any:
        return devices.place(tree, devices.replicated(self.mesh))

    def _update(self, leaves: Leaves, window: Window, batch: Batch) -> tuple[Leaves, Window]:
        leaves, metrics = self._methods["update"](leaves, batch)
        finite = jnp.all(jnp.stack([jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(metrics)]))
        seen = window.seen + 1
        bad = jnp.where((window.bad == 0) & ~finite, seen, window.bad)
        return leaves, Window(add(window.metrics, metrics), seen, bad)

    def _score(self, leaves: Leaves, totals: Metrics, batch: Batch) -> tuple[Leaves, Metrics]:
        leaves, metrics = self._methods["score"](leaves, batch)
        return leaves, add(totals, metrics)

    def _apply(self, method: str, leaves: Leaves, batch: Batch) -> tuple[Leaves, Metrics]:
        learner = nnx.merge(self._graphs[method], jax.tree.unflatten(self._treedef, leaves))
        metrics = getattr(learner, method)(batch)
        return jax.tree.leaves(nnx.state(learner)), metrics

    def _no_metrics(self, method: str, batch: Batch) -> Metrics:
        # With the final sharding; otherwise jax traces again.
        placed = [leaf.update(sharding=each) for leaf, each in zip(self._leaves, self.shardings, strict=True)]
        _, shapes = jax.eval_shape(self._methods[method], placed, dict(batch))
        return jax.tree.map(lambda shape: np.zeros(shape.shape, shape.dtype), shapes)


def score_all(program: Program, leaves: Leaves, batches: Iterable[Batch], place: NamedSharding) -> Metrics | None:
    """Return the metrics over all `batches`, or None if there are none.

    The state passes from batch to batch, which continues a recurrent carry, and is dropped at the end. At most half a
    second of work is dispatched ahead of the device, so that ending `batches` early takes effect soon.
    """
    totals, in_flight = None, InFlight()
    for number, batch in enumerate(batches):
        placed = devices.place_batch(batch, place)
        if totals is None:
            totals = program.empty_score(placed)
        leaves, totals = program.score(leaves, totals, placed)
        in_flight.add(number, totals)
    return totals


def _paths(state: Any) -> list[str]:
    """Return the path of each leaf of a state, with slashes."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(state)
    return [jax.tree_util.keystr(path, simple=True, separator="/").removesuffix("/value") for path, _ in leaves]


def _bytes(shape: jax.ShapeDtypeStruct) -> int:
    return math.prod(shape.shape) * int(shape.dtype.itemsize)


def _size(node: Any) -> int:
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(node, nnx.Param)))


def _key_to_data(leaf: jax.Array) -> jax.Array:
    # Checkpoint libraries do not support random keys, but their data.
    return jax.random.key_data(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf


def _data_to_key(array: Any, leaf: Any) -> Any:
    # Other arrays stay on the host: one that is split must not be whole on a device.
    return jax.random.wrap_key_data(jnp.asarray(array)) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else array
