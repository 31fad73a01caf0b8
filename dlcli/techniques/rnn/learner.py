"""The learner of the recurrent network: language modeling or classification."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from dlcli import engine
from dlcli.data import labels
from dlcli.data.text import labelled_batches, token_batches, tokenizers
from dlcli.data.text.catalogue import open_texts
from dlcli.data.text.columns import ReadOptions
from dlcli.data.text.facts import TextFacts
from dlcli.data.text.sets import TextSet
from dlcli.data.text.tokenizer import Tokenizer
from dlcli.engine import Inference, Input, Mean, Metrics, Rate
from dlcli.engine.inference import random_tokens
from dlcli.engine.learner import AxisNames
from dlcli.errors import RunError
from dlcli.interface import Batch, Data
from dlcli.metrics.classification import measure
from dlcli.nn.recurrent import reset_carry
from dlcli.optim import build
from dlcli.optim.step import descend
from dlcli.techniques.rnn.model import Network, RNNConfig
from dlcli.techniques.rnn.options import Train


class Carry(nnx.Variable):
    """The states of each row of a batch, from which the next batch continues."""


class Learner(engine.Learner):
    """Minimizes the cross-entropy of the next token, or of a text's class, plus penalties on the weights.

    For a language model a batch has `tokens`, int32 [batch, time + 1], whose rows continue those of the batch before,
    and `restart`, bool [batch], True for rows that start at a new position. The carry is passed from batch to batch
    without gradients: truncated backpropagation through time (Williams and Peng, "An Efficient Gradient-Based
    Algorithm for On-Line Training of Recurrent Network Trajectories", 1990).

    For a classifier a batch has `tokens`, int32 [batch, time], `length` and `label`, int32 [batch].
    Held-out batches have `mask`: 0 for tokens or examples that only pad the batch.

    Attributes:
        classify: whether it is a classifier.
        carry: float32 [layer, state, batch, feature]; None for a classifier.
    """

    technique = "rnn"
    Options = Train
    Facts = TextFacts

    @staticmethod
    def monitor(options: Train) -> tuple[str, ...]:
        return ("-accuracy", "loss") if options.task == "classify" else ("loss",)

    @staticmethod
    def read(options: Train, facts: TextFacts | None = None) -> Data:
        texts = open_texts(options.dataset, reading(options))
        if facts is not None:
            return batches(options, texts, facts.load(), trained=True)
        return batches(options, texts, tokenizers.resolve(options.tokenizer, options.vocab_size, texts.splits["train"]))

    @staticmethod
    def axis_names(options: Train, facts: TextFacts) -> dict[str, AxisNames]:
        entries = facts.load().entries
        outputs = facts.classes if options.task == "classify" else entries
        output: dict[str, AxisNames] = {f"network/output_{name}": (-1, outputs) for name in ("kernel", "bias")}
        return {"network/embedding": (0, entries), **output}

    def __init__(self, options: Train, facts: TextFacts):
        rngs = nnx.Rngs(options.seed)
        self.facts = facts
        self.classify = options.task == "classify"
        self.pool = options.pool
        self.penalty = (options.l1, options.l2)
        outputs = len(facts.classes) if self.classify else facts.vocabulary
        self.network = Network(network_config(options, outputs), facts.vocabulary, rngs=rngs)
        carry = None if self.classify else Carry(self.network.stack.initial_carry(options.batch_size))
        self.carry = nnx.data(carry)
        self.schedule = build.schedule(options)
        self.optimizer = nnx.Optimizer(self.network, build.optimizer(options), wrt=build.trainable(options))

    def update(self, batch: Batch) -> Metrics:
        losses_of = self._classification_losses(batch) if self.classify else self._next_token_losses(batch)

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
            return measure(self.batch_log_probabilities(batch), batch)
        losses, _, carry = self._next_token_losses(batch)(self.network)
        self.carry.set_value(carry)
        return {"loss": Mean.of(losses, batch["mask"])}

    def inference(self) -> Inference:
        """Return the function from tokens to log-probabilities of the next tokens, or of the classes."""
        tokens = Input("batch, time", random_tokens(self.facts.vocabulary, 2, 6))
        if not self.classify:
            output = "log-probabilities of the next token, float32 [batch, time, vocabulary]"
            return Inference(self.next_log_probabilities, {"tokens": tokens}, output)
        inputs = {"tokens": tokens, "length": Input("batch", np.array([6, 4], np.int32))}
        return Inference(self.class_log_probabilities, inputs, "log-probabilities, float32 [batch, class]")

    def require_fit(self, facts: TextFacts, run: str) -> None:
        if self.classify and facts.classes != self.facts.classes:
            raise RunError(labels.other_classes(run, self.facts.classes, facts.classes))

    def next_log_probabilities(self, tokens: jax.Array) -> jax.Array:
        """Map int32 [batch, time] to log-probabilities of the tokens that follow each, [batch, time, vocabulary]."""
        logits, _ = self.network.step(tokens, 0, self.network.init_cache(tokens.shape[0]))
        return jax.nn.log_softmax(logits)

    def batch_log_probabilities(self, batch: Batch) -> jax.Array:
        """Map a held-out batch of a classifier to log-probabilities [batch, class]."""
        return self.class_log_probabilities(batch["tokens"], batch["length"])

    def class_log_probabilities(self, tokens: jax.Array, length: jax.Array) -> jax.Array:
        """Map texts to log-probabilities, float32 [batch, class].

        Args:
            tokens: int32 [batch, time], padded.
            length: tokens of each text without padding, int32 [batch].
        """
        return jax.nn.log_softmax(self._class_logits(self.network, tokens, length))

    def _next_token_losses(self, batch: Batch) -> Callable[[Network], tuple[jax.Array, Metrics, jax.Array]]:
        """Return a function from the network to the losses [batch, time], further metrics and the last carry."""
        tokens = batch["tokens"]
        carry = reset_carry(self.carry[...], batch["restart"])

        def losses_of(network: Network) -> tuple[jax.Array, Metrics, jax.Array]:
            states, last = network(tokens[:, :-1], carry)
            logits = network.logits(states)  # [time, batch, vocabulary]
            losses = optax.softmax_cross_entropy_with_integer_labels(logits, tokens[:, 1:].T)
            return losses.T, {}, last

        return losses_of

    def _classification_losses(self, batch: Batch) -> Callable[[Network], tuple[jax.Array, Metrics, None]]:
        """Return a function from the network to the losses [batch] and further metrics."""

        def losses_of(network: Network) -> tuple[jax.Array, Metrics, None]:
            logits = self._class_logits(network, batch["tokens"], batch["length"])
            losses = optax.softmax_cross_entropy_with_integer_labels(logits, batch["label"])
            return losses, {"accuracy": Rate.of(logits.argmax(axis=-1) == batch["label"])}, None

        return losses_of

    def _class_logits(self, network: Network, tokens: jax.Array, length: jax.Array) -> jax.Array:
        states, _ = network(tokens, network.stack.initial_carry(tokens.shape[0]))  # [time, batch, feature]
        if self.pool == "last":
            last = jnp.maximum(length - 1, 0).reshape(1, -1, 1)
            pooled = jnp.take_along_axis(states, last, axis=0)[0]
        else:
            present = jnp.arange(states.shape[0])[:, None] < length[None, :]
            pooled = (states * present[..., None]).sum(axis=0) / jnp.maximum(length, 1)[:, None]
        return network.logits(pooled)


def reading(options: Train, *more: Any) -> ReadOptions:
    """Return how tables are read for the task, by these options; later ones take precedence."""
    return ReadOptions.of(options, *more, labels=options.task == "classify")


def batches(options: Train, texts: TextSet, tokenizer: Tokenizer, *, trained: bool = False) -> Data:
    """Return the task's batches of a text set; `trained`: for measuring a trained model, not for training one."""
    sizes = {"batch_size": options.batch_size, "context": options.context, "seed": options.seed}
    if options.task == "classify":
        return labelled_batches.classification(texts, tokenizer, **sizes, trained=trained)
    return token_batches.rows(texts, tokenizer, **sizes)


def network_config(options: Train, outputs: int) -> RNNConfig:
    """Return the network's configuration; `outputs`: number of tokens or classes."""
    return RNNConfig(
        cell=options.cell,
        layers=options.layers,
        hidden=options.hidden,
        embedding_dim=options.embedding_dim,
        outputs=outputs,
        tie_embeddings=options.tie_embeddings,
        dropout=options.dropout,
        input_dropout=options.input_dropout,
        dtype=options.dtype,
    )
