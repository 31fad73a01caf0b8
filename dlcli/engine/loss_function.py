"""The loss of a trained run as a function of its weights, on fixed batches of its data."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.sharding import NamedSharding, PartitionSpec

from dlcli.engine import devices
from dlcli.engine.evaluate import opened
from dlcli.engine.load import Restored
from dlcli.errors import RunError
from dlcli.interface import Batch, Data
from dlcli.optim.directions import flat, unflat
from dlcli.runs import snapshots
from dlcli.runs.trained import TrainedRun

_AVERAGES = "ema/"  # path of a learner's averaged weights


class LossFunction:
    """The mean loss of `Learner.score` over batches, at weights that differ from those of the run.

    Attributes:
        run: the run.
        weights: its trained parameters by path; the averaged ones, where the run measures with those.
        data: the data of the run.
    """

    def __init__(self, run: TrainedRun, batches: int, *, statistics: bool = False):
        """Restore a run and read its data.

        Args:
            run: of a technique with one loss.
            batches: number of batches of each split, from its beginning.
            statistics: whether the running statistics of normalization layers are weights too, which a line between
                two runs should pass through.

        Raises:
            RunError: the learner measures no loss.
            DatasetError: the data is missing or malformed.
        """
        self.run, self._restored = run, run.restored
        restored: Restored = run.restored
        learner = restored.learner
        self.data: Data = opened(run, None, lambda: type(learner).read(run.options, run.facts))
        self._over = devices.mesh(run.options.batch_size)
        held_out = list(itertools.islice(self.data.validation, batches))
        self._batches = {"train": self._train_batches(held_out[0], batches), "validation": self._stacked(held_out)}
        self._names = restored.program.names
        kept = _parameters(learner) | (_paths(learner, nnx.BatchStat) if statistics else set())
        self.weights = {name: each for name, each in self._arrays(restored).items() if name in kept}
        self._indices = [self._names.index(name) for name in self.weights]
        self._leaves = jax.device_put(restored.leaves, devices.replicated(self._over))

    def losses(self, split: str, directions: Sequence[Mapping[str, np.ndarray]], places: np.ndarray) -> np.ndarray:
        """Return the loss at several points of a line or a plane through the weights, float64 [point].

        Args:
            split: "train" or "validation".
            directions: each with an array per weight.
            places: coordinates along the directions, [point, direction].
        """
        moves = [jnp.stack([jnp.asarray(each[name]) for each in directions]) for name in self.weights]
        found = self._compiled(self._leaves, moves, jnp.asarray(places, jnp.float32), self._batches[split])
        return np.asarray(found, np.float64)

    def hessian_product(self, split: str, weights: Mapping[str, np.ndarray], vector: np.ndarray) -> np.ndarray:
        """Return the product of the loss's Hessian and a vector, float64 [parameter].

        Args:
            split: "train" or "validation".
            weights: where the Hessian is taken.
            vector: float [parameter], in the order of `weights`.
        """
        values = [jnp.asarray(weights[name]) for name in self.weights]
        parts = [jnp.asarray(each) for each in unflat(vector, self.weights).values()]
        products, weight = np.zeros(len(vector)), 0.0
        for batches in self._chunks(split):
            found, share = self._hessian_product(self._leaves, values, parts, batches)
            products += flat(dict(zip(self.weights, map(np.asarray, found), strict=True)))
            weight += float(share)
        return products / max(weight, 1e-12)

    def checkpoints(self) -> dict[int, dict[str, np.ndarray]]:
        """Return the weights of each intact checkpoint by its step."""
        found = snapshots.each_kept(self.run.files.checkpoints, self._restored.program.shapes)
        return {step: {name: arrays[name] for name in self.weights} for step, arrays in found}

    def weights_of(self, other: TrainedRun) -> dict[str, np.ndarray]:
        """Return the weights of another run.

        Raises:
            RunError: its network has other weights.
        """
        arrays = self._arrays(other.restored)
        if any(name not in arrays or arrays[name].shape != each.shape for name, each in self.weights.items()):
            raise RunError(f"{other.folder} must have the network of {self.run.folder}, found another")
        return {name: arrays[name] for name in self.weights}

    def _arrays(self, restored: Restored) -> dict[str, np.ndarray]:
        return restored.program.to_host(restored.leaves)

    @functools.cached_property
    def _compiled(self) -> Any:
        def losses(leaves: list[jax.Array], moves: list[jax.Array], places: jax.Array, batches: Batch) -> jax.Array:
            def at(place: jax.Array) -> jax.Array:
                moved = list(leaves)
                for index, move in zip(self._indices, moves, strict=True):
                    moved[index] = moved[index] + jnp.tensordot(place, move, 1).astype(moved[index].dtype)
                return self._mean(moved, batches)

            return jax.lax.map(at, places)

        return jax.jit(losses)

    @functools.cached_property
    def _hessian_product(self) -> Any:
        def loss(values: list[jax.Array], leaves: list[jax.Array], batches: Batch) -> tuple[jax.Array, jax.Array]:
            moved = list(leaves)
            for index, each in zip(self._indices, values, strict=True):
                moved[index] = each
            return self._summed(moved, batches)

        def product(
            leaves: list[jax.Array], values: list[jax.Array], vector: list[jax.Array], batches: Batch
        ) -> tuple[list[jax.Array], jax.Array]:
            def slope(values: list[jax.Array]) -> tuple[jax.Array, jax.Array]:
                gradients, weight = jax.grad(loss, has_aux=True)(values, leaves, batches)
                total = sum((jnp.vdot(*pair) for pair in zip(gradients, vector, strict=True)), start=jnp.zeros([]))
                return total, weight

            # Reverse over reverse: layers with a gradient of their own have no forward mode.
            return jax.grad(slope, has_aux=True)(values)

        return jax.jit(product)

    def _chunks(self, split: str) -> list[Batch]:
        """Return the batches of a split, each by itself unless a state passes between them.

        On the CPU, the gradient of a convolution takes about 17 times as long within a compiled loop.
        """
        batches = self._batches[split]
        if self._passes_state:
            return [batches]
        count = len(next(iter(batches.values())))
        return [{name: each[index : index + 1] for name, each in batches.items()} for index in range(count)]

    @functools.cached_property
    def _passes_state(self) -> bool:
        """Whether measuring a batch changes the state that the next batch is measured with, as a recurrent carry."""

        def after(leaves: list[jax.Array], batch: Batch) -> list[jax.Array]:
            learner = self._restored.program.learner(leaves)
            learner.score(batch)
            return jax.tree.leaves(nnx.state(learner))

        batch = {name: each[0] for name, each in self._batches["train"].items()}
        traced = jax.make_jaxpr(after)(self._leaves, batch).jaxpr
        return any(before is not left for before, left in zip(traced.invars, traced.outvars, strict=False))

    def _mean(self, leaves: list[jax.Array], batches: Batch) -> jax.Array:
        total, weight = self._summed(leaves, batches)
        return total / jnp.maximum(weight, 1e-12)

    def _summed(self, leaves: list[jax.Array], batches: Batch) -> tuple[jax.Array, jax.Array]:
        """Return the total loss and the total weight of stacked batches."""

        def step(carry: tuple[list[jax.Array], jax.Array, jax.Array], batch: Batch) -> tuple[Any, None]:
            leaves, total, weight = carry
            learner = self._restored.program.learner(leaves)
            metric: Any = learner.score(batch)["loss"]
            # The state passes from batch to batch, which continues a recurrent carry.
            return (jax.tree.leaves(nnx.state(learner)), total + metric.total, weight + metric.weight), None

        zero = jnp.zeros([])
        first = (leaves, zero, zero)
        if len(next(iter(batches.values()))) == 1:
            (_, total, weight), _ = step(first, {name: each[0] for name, each in batches.items()})
        else:
            (_, total, weight), _ = jax.lax.scan(step, first, batches)
        return total, weight

    def _train_batches(self, held_out: Batch, count: int) -> Batch:
        """Return the first training batches, with the mask of held-out ones where all are examples."""
        found = []
        for batch in itertools.islice(self.data.train_from(0), count):
            rows = len(next(iter(batch.values())))  # held-out batches may be larger
            lacking = {name: np.asarray(each) for name, each in held_out.items() if name not in batch}
            missing = {name: np.ones((rows, *each.shape[1:]), each.dtype) for name, each in lacking.items()}
            widened = {name: _widened(each, np.shape(held_out.get(name, each))) for name, each in batch.items()}
            found.append({**widened, **missing})
        return self._stacked(found)

    def _stacked(self, batches: Iterable[Batch]) -> Batch:
        found = list(batches)
        stacked = {name: np.stack([np.asarray(batch[name]) for batch in found]) for name in found[0]}
        return jax.device_put(stacked, NamedSharding(self._over, PartitionSpec(None, "data")))


def _widened(array: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return an array padded with zeros, the padding of tokens, to a shape; its number of rows stays."""
    found = np.asarray(array)
    return np.pad(found, [(0, 0), *((0, max(0, to - at)) for at, to in zip(found.shape[1:], shape[1:], strict=True))])


def _parameters(learner: nnx.Module) -> set[str]:
    """Return the paths of the parameters that a learner measures with."""
    names = _paths(learner, nnx.Param)
    averages = {name for name in names if name.startswith(_AVERAGES)}
    return averages or names


def _paths(learner: nnx.Module, kind: type[nnx.Variable]) -> set[str]:
    paths, _ = jax.tree_util.tree_flatten_with_path(nnx.state(learner, kind))
    return {jax.tree_util.keystr(path, simple=True, separator="/").removesuffix("/value") for path, _ in paths}
