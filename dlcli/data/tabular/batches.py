"""Tables for learners: facts about the columns, and batches of standardized rows."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Annotated, Any

import numpy as np
from pydantic import Field, model_validator

from dlcli.data.held_out import Arrays, HeldOut
from dlcli.data.order import STEPS, Order
from dlcli.data.tabular import catalogue
from dlcli.data.tabular.builder import ReadOptions
from dlcli.data.tabular.sets import Split, TabularSet
from dlcli.errors import UsageError
from dlcli.interface import WHOLE, Data, Facts, Share

Name = Annotated[str, Field(max_length=255)]
Std = Annotated[float, Field(gt=0)]
_MAX_EXAMPLE = 60  # characters; as much as a run keeps of an example


class TabularFacts(Facts):
    """What a table tells the model.

    Attributes:
        features: names of the columns that are read.
        mean, std: mean and standard deviation of each column in the training split; the standard deviation of a
            constant column is 1.
        target: name of the column to predict.
        classes: names of the classes; empty for regression.
        target_mean, target_std: of the training targets of a regression.
    """

    features: Annotated[tuple[Name, ...], Field(min_length=1, max_length=2**16)]
    mean: tuple[float, ...]
    std: tuple[Std, ...]
    target: Name
    classes: Annotated[tuple[Name, ...], Field(max_length=2**16)] = ()
    target_mean: float = 0.0
    target_std: Std = 1.0

    @model_validator(mode="after")
    def _one_value_per_column(self) -> TabularFacts:
        if not len(self.mean) == len(self.std) == len(self.features):
            raise ValueError(f"mean and std must have {len(self.features)} values, one per column")
        return self

    def standardize(self, features: np.ndarray) -> np.ndarray:
        """Return rows, float64 [row, feature], with mean 0 and standard deviation 1 over training, as float32."""
        return ((features - np.asarray(self.mean)) / np.asarray(self.std)).astype(np.float32)


def read(options: Any, facts: TabularFacts | None = None) -> Data:
    """Open a table and divide it into batches.

    Batches contain `features`, standardized float32 [batch, feature], and `label`, int32 [batch], or for a regression
    `target`, standardized float32 [batch]; held-out batches also `mask`, float32 [batch].

    Args:
        options: of the training.
        facts: of a trained run, whose mean and standard deviation are used.

    Raises:
        UsageError: there are fewer than `--train-examples` training examples.
        DatasetError: the table is missing or cannot be used.
    """
    table = catalogue.open(options.dataset, ReadOptions.of(options))
    if options.train_examples is not None:
        if options.train_examples > table.sizes["train"]:
            raise UsageError(
                f"--train-examples must be at most {table.sizes['train']:,}, the training examples of {table.name}, "
                f"got {options.train_examples:,}"
            )
        table = table.limited(options.train_examples)
    found = describe(table)
    used = found if facts is None else found.model_copy(update=_statistics(facts)) if _fit(found, facts) else found
    examples = {name: Examples(split, used) for name, split in table.splits.items()}
    return Data(
        train_from=functools.partial(_train, examples["train"], options.batch_size, options.seed),
        validation=HeldOut.of(lambda: examples["validation"], options.batch_size),
        test=HeldOut.of(lambda: examples["test"], options.batch_size),
        facts=used,
        sizes=table.sizes,
        digest=table.digest,
        example=_example(table.splits["validation"].features[0]),
    )


def _example(features: np.ndarray) -> str:
    """Return a row as `predict` takes it; "" if it is too long to be shown."""
    written = ",".join(f"{value:.4g}" for value in features)
    return written if len(written) <= _MAX_EXAMPLE else ""


def describe(table: TabularSet) -> TabularFacts:
    """Return the facts of a table; the statistics are those of the training split."""
    train = table.splits["train"]
    target = {} if table.classes else _moments(train.target[:, None], "target_")
    return TabularFacts(
        features=table.features,
        target=table.target,
        classes=table.classes,
        **_moments(train.features),
        **{name: values[0] for name, values in target.items()},
    )


def _moments(columns: np.ndarray, prefix: str = "") -> dict[str, Any]:
    mean, std = columns.mean(axis=0), columns.std(axis=0)
    constant = std <= 1e-12 * np.abs(mean)  # rounding leaves a trace
    return {f"{prefix}mean": tuple(mean.tolist()), f"{prefix}std": tuple(np.where(constant, 1.0, std).tolist())}


def _fit(found: TabularFacts, facts: TabularFacts) -> bool:
    return found.features == facts.features and found.classes == facts.classes


def _statistics(facts: TabularFacts) -> dict[str, Any]:
    return facts.model_dump(include={"mean", "std", "target_mean", "target_std"})


class Examples:
    """The examples of a split as arrays."""

    def __init__(self, split: Split, facts: TabularFacts):
        self.features = facts.standardize(split.features)
        if facts.classes:
            self.target = {"label": split.target}
        else:
            self.target = {"target": ((split.target - facts.target_mean) / facts.target_std).astype(np.float32)}

    def __len__(self) -> int:
        return len(self.features)

    def at(self, indices: np.ndarray) -> Arrays:
        """Return the examples at the indices, int64 [example], as one batch."""
        return {
            "features": self.features[indices],
            **{name: values[indices] for name, values in self.target.items()},
        }


def _train(examples: Examples, batch_size: int, seed: int, first: int, share: Share = WHOLE) -> Iterator[Arrays]:
    order = Order(len(examples), batch_size, seed)
    for step in range(first, STEPS):
        yield examples.at(share.of(order.at(step)))
