"""How the transformer learns, whatever its shape."""

from __future__ import annotations

from typing import Any

import jax
from flax import nnx

from dlcli import engine
from dlcli.data import labels
from dlcli.engine import Mean, Metrics, Rate
from dlcli.errors import RunError, UsageError
from dlcli.interface import Batch, Data
from dlcli.nn.presets import Style, preset
from dlcli.optim import build
from dlcli.optim.step import descend
from dlcli.techniques.transformer import classification, language, translation
from dlcli.techniques.transformer.facts import TransformerFacts
from dlcli.techniques.transformer.model import Network
from dlcli.techniques.transformer.options import Train

TASKS = {"decoder": language, "encoder": classification, "encoder-decoder": translation}


class Learner(engine.Learner):
    """Minimizes the cross-entropy of next tokens, of classes or of targets, plus penalties on the weights.

    The batches are those of the shape's task: `language`, `classification` or `translation`.
    """

    technique = "transformer"
    Options = Train
    Facts = TransformerFacts

    @staticmethod
    def monitor(options: Train) -> tuple[str, ...]:
        return ("-accuracy", "loss") if options.shape == "encoder" else ("loss",)

    @staticmethod
    def read(options: Train, facts: TransformerFacts | None = None) -> Data:
        """Open the data of the shape's task, cut by the tokenizer of `facts` where there are any."""
        return TASKS[options.shape].read(options, facts)

    @staticmethod
    def chosen(options: Train) -> dict[str, tuple[Any, str]]:
        found, names = style(options), ("positions", "norm", "activation", "hidden", "bias")
        return {name: (getattr(found, name), f"--preset {options.preset}") for name in names}

    def __init__(self, options: Train, facts: TransformerFacts):
        _require(facts, options.shape)
        self.facts, self.shape = facts, options.shape
        self.smoothing = options.label_smoothing
        self.penalty = (options.l1, options.l2)
        self.network = TASKS[options.shape].network(style(options), facts, nnx.Rngs(options.seed))
        self.schedule = build.schedule(options)
        rule = build.optimizer(options, (build.ADAM[0], options.beta2))
        self.optimizer = nnx.Optimizer(self.network, rule, wrt=nnx.Param)

    def update(self, batch: Batch) -> Metrics:
        def loss_of(network: Network) -> tuple[jax.Array, Metrics]:
            losses, hits, counts = TASKS[self.shape].losses(network, batch, self.smoothing)
            loss = Mean.of(losses, counts)
            return loss.total / loss.weight, {"loss": loss, "accuracy": Rate.of(hits, counts)}

        metrics, numbers = descend(self.network, self.optimizer, loss_of, schedule=self.schedule, penalty=self.penalty)
        return {**metrics, **Mean.each(numbers)}

    def score(self, batch: Batch) -> Metrics:
        return TASKS[self.shape].measure(self.network, batch)

    def require_fit(self, facts: TransformerFacts, run: str) -> None:
        if facts.classes != self.facts.classes:
            raise RunError(labels.other_classes(run, self.facts.classes, facts.classes))

    def next_log_probabilities(self, tokens: jax.Array) -> jax.Array:
        """Map int [batch, time] to a decoder's log-probabilities of what follows each, float32 [batch, time, token].

        Raises:
            UsageError: these are more tokens than it sees at once.
            RunError: it is no decoder.
        """
        if self.shape != "decoder":
            raise RunError(f"the transformer must be a decoder, found an {self.shape}", hint="dlcli train transformer")
        most = self.network.stack.style.context
        if tokens.shape[1] > most:
            raise UsageError(f"the text must have at most {most} tokens, the model's context, found {tokens.shape[1]}")
        return jax.nn.log_softmax(self.network(tokens))


def _require(facts: TransformerFacts, shape: str) -> None:
    """Raise ValueError where facts, of a run folder that somebody changed, lack what a shape needs."""
    if shape == "encoder" and not facts.classes:
        raise ValueError("an encoder needs classes, found none")
    if shape == "encoder-decoder" and not (facts.max_source_length and facts.max_target_length):
        raise ValueError("an encoder-decoder needs a max_source_length and a max_target_length of 1 or more, found 0")


def style(options: Train) -> Style:
    """Return the part of the options that shapes the blocks.

    Raises:
        UsageError: sizes that do not fit each other.
    """
    try:
        return preset(
            options.preset,
            width=options.width,
            heads=options.heads,
            layers=options.layers,
            context=options.context,
            dropout=options.dropout,
            dtype=options.dtype,
        )
    except ValueError as error:
        raise UsageError(f"--width and --heads do not fit: {error}") from error
