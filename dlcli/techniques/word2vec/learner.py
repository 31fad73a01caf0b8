"""How word embeddings learn."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from dlcli import engine
from dlcli.data.text import word_batches, words
from dlcli.data.text.columns import ReadOptions
from dlcli.data.text.words import WordFacts
from dlcli.engine import Mean, Metrics
from dlcli.interface import Batch, Data
from dlcli.notices import warn
from dlcli.techniques.word2vec import model, rates
from dlcli.techniques.word2vec.noise import Noise
from dlcli.techniques.word2vec.options import Train

_LAST_RATE = 1e-4 / 0.025  # share of the learning rate at the end, as gensim has it


class Learner(engine.Learner):
    """Makes a word's input vector fit the output vectors of its neighbours better than those of random words.

    A batch is running text, see `data.text.word_batches`. A step of plain gradient descent changes the rows of the
    words in the batch and of the negatives, and no others; the gradients of pairs add up, but for words that are very
    frequent (`rates`). Its time does not grow with the vocabulary.
    """

    Options = Train
    Facts = WordFacts

    @staticmethod
    def read(options: Train, *, noted: bool = True) -> Data:
        """Open a text set as running words; unless it is not to be `noted`, say where they may not be what is meant."""
        asked = words.VocabularyOptions(options.pattern, options.lower, options.min_count)
        corpus = words.read(options.dataset, asked, ReadOptions.of(options, labels=False))
        for note in corpus.coverage.notes(options.pattern) if noted else ():
            warn(note)
        rules = block_rules(options)
        batcher = word_batches.Batcher(corpus.splits["train"], corpus.facts.counts, rules)
        return Data(
            train_from=functools.partial(word_batches.train_from, batcher, options.seed),
            validation=word_batches.held_out(corpus, "validation", rules),
            test=word_batches.held_out(corpus, "test", rules),
            facts=corpus.facts,
            sizes={split: len(sentences.words) for split, sentences in corpus.splits.items()},
            digest=corpus.digest,
            example=next((corpus.facts.words[int(each)] for each in corpus.splits["validation"].words[:1]), ""),
        )

    def __init__(self, options: Train, facts: WordFacts):
        rngs = nnx.Rngs(options.seed)
        self.facts = facts
        self.model, self.window, self.negative = options.model, options.window, options.negative
        self.drawn = max(model.NEGATIVES, options.negative)
        self.dtype = jnp.dtype(options.dtype)
        self.most = word_batches.capacity(facts.counts, block_rules(options))
        shape = len(facts.words), options.vector_size
        start = jax.random.uniform(rngs.params(), shape, minval=-0.5, maxval=0.5)
        self.input = nnx.Param(start / options.vector_size)
        self.output = nnx.Param(jnp.zeros(shape))
        self.shares = nnx.List([nnx.Variable(jnp.asarray(each)) for each in rates.shares(options, facts)])
        self.noise = Noise(facts.counts)
        self.rngs = nnx.Rngs(negative=options.seed)
        rate = options.learning_rate or rates.default_rate(options)
        self.schedule = optax.linear_schedule(rate, rate * _LAST_RATE, options.steps)
        self.step = nnx.Variable(jnp.zeros([], jnp.int32))

    def update(self, batch: Batch) -> Metrics:
        rows, read, target = self._rows(batch, self.rngs.negative())
        vectors = self.input[read], self.output[target]
        total, gradients = jax.value_and_grad(self._loss, argnums=(0, 1))(*vectors, rows.pairs)
        rate = self.schedule(self.step[...])
        taken = [share[...][which][..., None] for share, which in zip(self.shares, (read, target), strict=True)]
        changes = [-rate * share * gradient for share, gradient in zip(taken, gradients, strict=True)]
        # Without the barrier XLA may read a table after it has begun to write, and would copy it first.
        changes = jax.lax.optimization_barrier(changes)
        for table, which, change in zip((self.input, self.output), (read, target), changes, strict=True):
            table.set_value(table[...].at[which.reshape(-1)].add(change.reshape(-1, change.shape[-1])))
        self.step.set_value(self.step[...] + 1)
        return {"loss": self._mean(total, rows), "learning_rate": Mean.of(rate)}

    def score(self, batch: Batch) -> Metrics:
        # The negatives follow from the words alone, so that validations and runs measure by the same ones.
        key = jax.random.key(jnp.sum(batch["word"]))
        rows, read, target = self._rows(batch, key)
        return {"loss": self._mean(self._loss(self.input[read], self.output[target], rows.pairs), rows)}

    def _rows(self, batch: Batch, key: jax.Array) -> tuple[model.Rows, jax.Array, jax.Array]:
        """Cut the text into rows, draw their negatives, and list the rows of either table that the loss reads."""
        text = (jnp.asarray(batch[name])[: self.most] for name in ("word", "sentence", "context_size"))
        rows = model.in_rows(*text, self.window)
        negatives = self.noise.draw(key, (len(rows.centers), self.drawn))
        return rows, *model.read_and_target(self.model, rows, negatives)

    def _loss(self, read: jax.Array, target: jax.Array, pairs: jax.Array) -> jax.Array:
        weight = self.negative / self.drawn
        return model.loss(self.model, read.astype(self.dtype), target.astype(self.dtype), pairs, weight)

    def _mean(self, total: jax.Array, rows: model.Rows) -> Mean:
        return Mean(total, model.predictions(self.model, rows.pairs).astype(jnp.float32))

    def vectors(self) -> np.ndarray:
        """Return the vectors of all words, float32 [word, feature]."""
        return np.asarray(self.input[...])


def block_rules(options: Train) -> word_batches.ContextOptions:
    """Return the part of the options that makes text into batches."""
    return word_batches.ContextOptions(options.window, options.sample, options.batch_size)
