"""The learner of the transformer, for all shapes."""

from __future__ import annotations

from typing import Any

import jax
from flax import nnx

from dlcli import engine
from dlcli.data import labels
from dlcli.engine import Inference, Mean, Metrics, Rate
from dlcli.engine.learner import AxisNames
from dlcli.errors import RunError, UsageError
from dlcli.interface import Batch, Data
from dlcli.nn.transformer_config import TransformerConfig, preset
from dlcli.optim import build
from dlcli.optim.step import descend
from dlcli.options.values import parse_rope_scaling
from dlcli.techniques.transformer import classification, language_modeling, masked_modeling, translation
from dlcli.techniques.transformer.facts import TransformerFacts
from dlcli.techniques.transformer.model import Network
from dlcli.techniques.transformer.options import Train, task_of

TASKS = {
    "decoder": language_modeling,
    "classify": classification,
    "mask": masked_modeling,
    "encoder-decoder": translation,
}


class Learner(engine.Learner):
    """Minimizes the cross-entropy of next tokens, classes, masked tokens or targets, plus penalties on the weights.

    The batches are those of the task: `language_modeling`, `classification`, `masked_modeling` or `translation`.
    """

    technique = "transformer"
    Options = Train
    Facts = TransformerFacts

    @staticmethod
    def monitor(options: Train) -> tuple[str, ...]:
        return ("-accuracy", "loss") if task_of(options) == "classify" else ("loss",)

    @staticmethod
    def read(options: Train, facts: TransformerFacts | None = None) -> Data:
        """Open the data of the shape's task, with the tokenizer of `facts` if given."""
        return TASKS[task_of(options)].read(options, facts)

    @staticmethod
    def chosen(options: Train) -> dict[str, tuple[Any, str]]:
        config, names = network_config(options), ("positions", "norm", "activation", "d_ff", "bias")
        return {
            name: (getattr(config, name), f"--preset {options.preset}")
            for name in names
            if getattr(options, name, None) is None
        }

    @staticmethod
    def axis_names(options: Train, facts: TransformerFacts) -> dict[str, AxisNames]:
        entries = facts.load().entries
        found: dict[str, AxisNames] = {
            f"network/embedding/{name}/embedding": (0, entries) for name in ("tokens", "output")
        }
        found["network/embedding/positions/embedding"] = (0, [str(each) for each in range(options.context)])
        if task_of(options) == "classify":
            found |= {f"network/head/{name}": (-1, facts.classes) for name in ("kernel", "bias")}
        return found

    def __init__(self, options: Train, facts: TransformerFacts):
        _require(facts, options.shape)
        self.facts, self.shape, self.task = facts, options.shape, task_of(options)
        self.smoothing = options.label_smoothing
        self.penalty = (options.l1, options.l2)
        self.network = TASKS[self.task].network(network_config(options), facts, nnx.Rngs(options.seed))
        self.schedule = build.schedule(options)
        rule = build.optimizer(options, (build.ADAM[0], options.beta2))
        self.optimizer = nnx.Optimizer(self.network, rule, wrt=build.trainable(options))

    def update(self, batch: Batch) -> Metrics:
        def loss_of(network: Network) -> tuple[jax.Array, Metrics]:
            losses, correct, weights = TASKS[self.task].losses(network, batch, self.smoothing)
            loss = Mean.of(losses, weights)
            return loss.total / loss.weight, {"loss": loss, "accuracy": Rate.of(correct, weights)}

        metrics, numbers = descend(self.network, self.optimizer, loss_of, schedule=self.schedule, penalty=self.penalty)
        return {**metrics, **Mean.each(numbers)}

    def score(self, batch: Batch) -> Metrics:
        return TASKS[self.task].measure(self.network, batch)

    def batch_log_probabilities(self, batch: Batch) -> jax.Array:
        """Map a held-out batch of an encoder to log-probabilities [batch, class]."""
        return jax.nn.log_softmax(self.network(batch["tokens"], batch["length"]))

    def inference(self) -> Inference:
        """Return the function of the shape's task, from tokens to log-probabilities."""
        return TASKS[self.task].inference(self.network, self.facts)

    def require_fit(self, facts: TransformerFacts, run: str) -> None:
        if facts.classes != self.facts.classes:
            raise RunError(labels.other_classes(run, self.facts.classes, facts.classes))

    def next_log_probabilities(self, tokens: jax.Array) -> jax.Array:
        """Map int [batch, time] to a decoder's log-probabilities of the next tokens, float32 [batch, time, vocabulary].

        Raises:
            UsageError: `time` exceeds the context.
            RunError: the shape is not decoder.
        """
        if self.shape != "decoder":
            raise RunError(f"the transformer must be a decoder, found an {self.shape}", hint="dlcli train transformer")
        limit = self.network.stack.config.context
        if tokens.shape[1] > limit:
            raise UsageError(f"the text must have at most {limit} tokens, the model's context, found {tokens.shape[1]}")
        return jax.nn.log_softmax(self.network(tokens))


def _require(facts: TransformerFacts, shape: str) -> None:
    """Raise ValueError if facts, from an edited run folder, lack what the shape needs."""
    if shape == "encoder-decoder" and not (facts.max_source_length and facts.max_target_length):
        raise ValueError("an encoder-decoder needs a max_source_length and a max_target_length of 1 or more, found 0")


def network_config(options: Train) -> TransformerConfig:
    """Return the configuration of the blocks.

    Raises:
        UsageError: the sizes do not fit each other, such as d_model and heads.
    """
    try:
        return preset(
            options.preset,
            d_model=options.d_model,
            heads=options.heads,
            layers=options.layers,
            context=options.context,
            dropout=options.dropout,
            dtype=options.dtype,
            remat=options.remat,
            d_ff=options.d_ff,
            key_value_heads=options.kv_heads,
            head_size=options.head_dim,
            rope_base=options.rope_base,
            rope_scaling=parse_rope_scaling(options.rope_scaling),
            qkv_bias=options.qkv_bias,
            tied=options.tie_embeddings,
            **({"norm_epsilon": options.norm_epsilon} if options.norm_epsilon else {}),
        )
    except ValueError as error:
        raise UsageError(f"the sizes of the model do not fit: {error}") from error
