"""How the multilayer perceptron is trained."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from dlcli import engine
from dlcli.data.labels import other_classes
from dlcli.data.tabular import batches
from dlcli.data.tabular.batches import TabularFacts
from dlcli.engine import Inference, Input, Mean, Metrics, Rate
from dlcli.engine.inference import random_normal
from dlcli.engine.learner import AxisNames
from dlcli.errors import RunError
from dlcli.interface import Batch, Data
from dlcli.metrics import classification, regression
from dlcli.optim import build
from dlcli.optim.step import descend
from dlcli.options.values import parse_sizes
from dlcli.techniques.mlp.model import Architecture, Network
from dlcli.techniques.mlp.options import Train


class Learner(engine.Learner):
    """Minimizes the cross-entropy between logits and labels, or the squared error of a standardized target.

    A batch contains `features`, standardized float32 [batch, feature], and `label`, int32 [batch], or `target`,
    standardized float32 [batch]; on held-out data also `mask`, float32 [batch], 1 for an example and 0 for padding.
    """

    technique = "mlp"
    Options = Train
    Facts = TabularFacts

    @staticmethod
    def monitor(options: Train) -> tuple[str, ...]:
        # The accuracy of a few validation examples is the same for most steps.
        return ("loss",)

    @staticmethod
    def read(options: Train, facts: TabularFacts | None = None) -> Data:
        return batches.read(options, facts)

    @staticmethod
    def axis_names(options: Train, facts: TabularFacts) -> dict[str, AxisNames]:
        found: dict[str, AxisNames] = {"network/hidden/0/linear/kernel": (0, facts.features)}
        if facts.classes:
            found |= {f"network/output/{name}": (-1, facts.classes) for name in ("kernel", "bias")}
        return found

    def __init__(self, options: Train, facts: TabularFacts):
        rngs = nnx.Rngs(options.seed)
        self.facts = facts
        self.penalty = (options.l1, options.l2)
        config = Architecture(
            parse_sizes(options.hidden_sizes), options.activation, options.norm, options.dropout, options.dtype
        )
        self.network = Network(config, len(facts.features), len(facts.classes) or 1, rngs=rngs)
        self.input_dropout = nnx.Dropout(options.input_dropout, rngs=rngs)
        self.schedule = build.schedule(options)
        self.optimizer = nnx.Optimizer(self.network, build.optimizer(options), wrt=build.trainable(options))

    def update(self, batch: Batch) -> Metrics:
        inputs = self.input_dropout(jnp.asarray(batch["features"]))

        def loss_of(network: Network) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
            outputs = network(inputs)
            losses = self._losses(outputs, batch)
            return losses.mean(), (outputs, losses)

        (outputs, losses), numbers = descend(
            self.network, self.optimizer, loss_of, schedule=self.schedule, penalty=self.penalty
        )
        hits = {"accuracy": Rate.of(outputs.argmax(axis=-1) == batch["label"])} if self.facts.classes else {}
        return {"loss": Mean.of(losses), **hits, **Mean.each(numbers)}

    def _losses(self, outputs: jax.Array, batch: Batch) -> jax.Array:
        if self.facts.classes:
            return optax.softmax_cross_entropy_with_integer_labels(outputs, batch["label"])
        return jnp.square(outputs[:, 0] - batch["target"])

    def score(self, batch: Batch) -> Metrics:
        if self.facts.classes:
            return classification.measure(self.batch_log_probabilities(batch), batch)
        outputs = self.network(jnp.asarray(batch["features"]))
        return regression.measure(outputs[:, 0], batch["target"], batch["mask"], scale=self.facts.target_std)

    def batch_log_probabilities(self, batch: Batch) -> jax.Array:
        """Map a held-out batch to log-probabilities [batch, class]."""
        return jax.nn.log_softmax(self.network(jnp.asarray(batch["features"])))

    def predict(self, features: jax.Array) -> jax.Array:
        """Map standardized rows, float32 [batch, feature], to log-probabilities [batch, class], or to values [batch].

        Values are in the unit of the target.
        """
        outputs = self.network(features)
        if self.facts.classes:
            return jax.nn.log_softmax(outputs)
        return outputs[:, 0] * self.facts.target_std + self.facts.target_mean

    def inference(self) -> Inference:
        """Return the function from rows, not standardized, to log-probabilities or values."""
        mean, std = (jnp.asarray(each, jnp.float32).reshape(1, -1) for each in (self.facts.mean, self.facts.std))
        example = np.asarray(random_normal(2, mean.size) * std + mean, np.float32)
        features = Input(f"batch, {mean.size}", example)
        output = "log-probabilities, float32 [batch, class]" if self.facts.classes else "values, float32 [batch]"
        return Inference(lambda features: self.predict((features - mean) / std), {"features": features}, output)

    def require_fit(self, facts: TabularFacts, run: str) -> None:
        if facts.features != self.facts.features:
            raise RunError(f"the data must have the columns that {run} was trained on, found others")
        if facts.classes != self.facts.classes:
            raise RunError(other_classes(run, self.facts.classes, facts.classes))
