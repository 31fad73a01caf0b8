"""How the recurrent network learns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import nnx

from dlcli import engine
from dlcli.data import labels
from dlcli.data.text import labelled_batches, sets, token_batches, tokenizers
from dlcli.data.text.columns import Reading
from dlcli.data.text.facts import TextFacts
from dlcli.data.text.sets import TextSet
from dlcli.data.text.tokenizers import Tokenizer
from dlcli.engine import Mean, Metrics, Rate
from dlcli.errors import RunError
from dlcli.interface import Batch, Data
from dlcli.metrics.classification import measure
from dlcli.nn.recurrent import restarted
from dlcli.optim import build
from dlcli.optim.step import descend
from dlcli.techniques.rnn.model import Network, Shape
from dlcli.techniques.rnn.options import Train


class Carry(nnx.Variable):
    """The state of each row of a batch, which goes on into the next batch."""


class Learner(engine.Learner):
    """Minimizes the cross-entropy of the next token, or of a text's label, plus penalties on the weights.

    For a language model a batch holds `tokens`, int32 [batch, time + 1], where each row goes on in the
    next batch, and `restart`, bool [batch], True in rows that begin anew. The state is carried from batch
    to batch, and gradients stop between them: backpropagation through time, truncated (Williams and Peng,
    "An Efficient Gradient-Based Algorithm for On-Line Training of Recurrent Network Trajectories", 1990).

    For a classifier a batch holds `tokens`, int32 [batch, time], `length` and `label`, int32 [batch].
    Held-out batches have `mask`, 0 where a token or an example only fills up the batch.

    Attributes:
        classify: whether it is a classifier.
        carry: float32 [layer, state, batch, feature] of a language model.
    """

    technique = "rnn"
    Options = Train
    Facts = TextFacts

    @staticmethod
    def monitor(options: Train) -> tuple[str, ...]:
        return ("-accuracy", "loss") if options.task == "classify" else ("loss",)

    @staticmethod
    def read(options: Train, facts: TextFacts | None = None) -> Data:
        texts = sets.open(options.dataset, reading(options))
        if facts is not None:
            return batches(options, texts, facts.load(), trained=True)
        return batches(options, texts, tokenizers.resolve(options.tokenizer, options.vocabulary, texts.splits["train"]))

    def __init__(self, options: Train, facts: TextFacts):
        rngs = nnx.Rngs(options.seed)
        self.facts = facts
        self.classify = options.task == "classify"
        self.pool = options.pool
        self.penalty = (options.l1, options.l2)
        outputs = len(facts.classes) if self.classify else facts.vocabulary
        self.network = Network(shape(options, outputs), facts.vocabulary, rngs=rngs)
        start = None if self.classify else Carry(self.network.stack.initial(options.batch_size))
        self.carry = nnx.data(start)
        self.schedule = build.schedule(options)
        self.optimizer = nnx.Optimizer(self.network, build.optimizer(options), wrt=nnx.Param)

    def update(self, batch: Batch) -> Metrics:
        losses_of = self._of_labels(batch) if self.classify else self._of_next_tokens(batch)

        def loss_of(network: Network) -> tuple[jax.Array, tuple[Metrics, jax.Array | None]]:
            losses, metrics, carry = losses_of(network)
            return losses.mean(), ({"loss": Mean.of(losses), **metrics}, carry)

        (metrics, carry), numbers = descend(
            self.network, self.optimizer, loss_of, schedule=self.schedule, penalty=self.penalty
        )
        if self.carry is not None:
            self.carry.set_value(carry)
        return {**metrics, **Mean.each(numbers)}

    def score(self, batch: Batch) -> Metrics:
        if self.classify:
            return measure(self.class_log_probabilities(batch["tokens"], batch["length"]), batch)
        losses, _, carry = self._of_next_tokens(batch)(self.network)
        self.carry.set_value(carry)
        return {"loss": Mean.of(losses, batch["mask"])}

    def require_fit(self, facts: TextFacts, run: str) -> None:
        if self.classify and facts.classes != self.facts.classes:
            raise RunError(labels.other_classes(run, self.facts.classes, facts.classes))

    def next_log_probabilities(self, tokens: jax.Array) -> jax.Array:
        """Map int32 [batch, time] to the log-probabilities of what follows each token, [batch, time, vocab]."""
        states, _ = self.network(tokens, self.network.stack.initial(len(tokens)))
        return jax.nn.log_softmax(self.network.logits(states.swapaxes(0, 1)))

    def step(self, tokens: jax.Array, carry: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Read one token a row, int32 [batch]; return the logits of the next, [batch, vocab], and the carry."""
        states, carry = self.network(tokens[:, None], carry)
        return self.network.logits(states[0]), carry

    def class_log_probabilities(self, tokens: jax.Array, length: jax.Array) -> jax.Array:
        """Map int32 [batch, time], of which `length` [batch] count, to log-probabilities [batch, class]."""
        return jax.nn.log_softmax(self._class_logits(self.network, tokens, length))

    def _of_next_tokens(self, batch: Batch) -> Callable[[Network], tuple[jax.Array, Metrics, jax.Array]]:
        """Return a function from the network to the losses [batch, time], further metrics and the last carry."""
        tokens = batch["tokens"]
        carry = restarted(self.carry[...], batch["restart"])

        def losses_of(network: Network) -> tuple[jax.Array, Metrics, jax.Array]:
            states, last = network(tokens[:, :-1], carry)
            logits = network.logits(states)  # [time, batch, vocab]
            losses = optax.softmax_cross_entropy_with_integer_labels(logits, tokens[:, 1:].T)
            return losses.T, {}, last

        return losses_of

    def _of_labels(self, batch: Batch) -> Callable[[Network], tuple[jax.Array, Metrics, None]]:
        """Return a function from the network to the losses [batch] and further metrics."""

        def losses_of(network: Network) -> tuple[jax.Array, Metrics, None]:
            logits = self._class_logits(network, batch["tokens"], batch["length"])
            losses = optax.softmax_cross_entropy_with_integer_labels(logits, batch["label"])
            return losses, {"accuracy": Rate.of(logits.argmax(axis=-1) == batch["label"])}, None

        return losses_of

    def _class_logits(self, network: Network, tokens: jax.Array, length: jax.Array) -> jax.Array:
        states, _ = network(tokens, network.stack.initial(len(tokens)))  # [time, batch, feature]
        if self.pool == "last":
            last = jnp.maximum(length - 1, 0).reshape(1, -1, 1)
            pooled = jnp.take_along_axis(states, last, axis=0)[0]
        else:
            inside = jnp.arange(len(states))[:, None] < length[None, :]
            pooled = (states * inside[..., None]).sum(axis=0) / jnp.maximum(length, 1)[:, None]
        return network.logits(pooled)


def reading(options: Train, *more: Any) -> Reading:
    """Return how tables are read for a task, by these options and later ones that win."""
    return Reading.of(options, *more, labels=options.task == "classify")


def batches(options: Train, texts: TextSet, tokenizer: Tokenizer, *, trained: bool = False) -> Data:
    """Return the batches of a task from texts that are cut by this tokenizer, that of a `trained` model or not."""
    sizes = {"batch_size": options.batch_size, "context": options.context, "seed": options.seed}
    if options.task == "classify":
        return labelled_batches.classification(texts, tokenizer, **sizes, trained=trained)
    return token_batches.rows(texts, tokenizer, **sizes)


def shape(options: Train, outputs: int) -> Shape:
    """Return the part of the options that shapes the network."""
    return Shape(
        cell=options.cell,
        layers=options.layers,
        hidden=options.hidden,
        embedding=options.embedding,
        outputs=outputs,
        tied=options.tied,
        dropout=options.dropout,
        input_dropout=options.input_dropout,
        dtype=options.dtype,
    )
