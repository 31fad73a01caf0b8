"""The learner of word embeddings."""

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
from dlcli.engine.learner import AxisNames
from dlcli.errors import RunError
from dlcli.interface import Batch, Data
from dlcli.notices import warn
from dlcli.techniques.word2vec import learning_rates, rows
from dlcli.techniques.word2vec.cbow import Cbow
from dlcli.techniques.word2vec.hierarchical_softmax import HuffmanTree
from dlcli.techniques.word2vec.negative_sampling import NegativeSamplingDistribution
from dlcli.techniques.word2vec.options import Train
from dlcli.techniques.word2vec.skip_gram import SkipGram
from dlcli.techniques.word2vec.subwords import Subwords
from dlcli.techniques.word2vec.word_vectors import WordVectors

MODELS: dict[str, type[rows.Text]] = {"skip-gram": SkipGram, "cbow": Cbow}
_FINAL_RATE = 1e-4 / 0.025  # final learning rate divided by the initial one, as in gensim


class Learner(engine.Learner):
    """Minimizes the loss of skip-gram or CBOW, by negative sampling or hierarchical softmax.

    A batch is running text, see `dlcli.data.text.word_batches`. A step of plain gradient descent updates only the
    vectors of the words in the batch and of the negatives; the gradients of all pairs are summed, with smaller
    factors for very frequent words (`learning_rates`). Its time does not depend on the size of the vocabulary.

    Attributes:
        input_vectors: the word vectors, float32 [word, feature]; with subwords, each word's own part of them.
        output_vectors: vectors of predicted words and of negatives, float32 [word, feature]; with hierarchical
            softmax, of the inner nodes of a tree, float32 [node, feature].
        subwords: the character n-grams, with `--subwords`.
    """

    technique = "word2vec"
    Options = Train
    Facts = WordFacts

    @staticmethod
    def read(options: Train, facts: WordFacts | None = None) -> Data:
        """Open a text set as running words; for a new run, warn about words that the pattern may miss."""
        vocabulary = words.VocabularyOptions(options.pattern, options.lower, options.min_count)
        corpus = words.read(options.dataset, vocabulary, ReadOptions.of(options, labels=False))
        for note in corpus.coverage.notes(options.pattern) if facts is None else ():
            warn(note)
        contexts = context_options(options)
        test_split = "test" if "test" in corpus.splits else "validation"
        batcher = word_batches.Batcher(corpus.splits["train"], corpus.facts.counts, contexts)
        return Data(
            train_from=functools.partial(word_batches.train_from, batcher, options.seed),
            validation=word_batches.held_out(corpus, "validation", contexts),
            test=word_batches.held_out(corpus, test_split, contexts),
            facts=corpus.facts,
            sizes={split: len(sentences.words) for split, sentences in corpus.splits.items()},
            digest=corpus.digest,
            example=next((corpus.facts.words[int(each)] for each in corpus.splits["validation"].words[:1]), ""),
            test_split=test_split,
        )

    @staticmethod
    def axis_names(options: Train, facts: WordFacts) -> dict[str, AxisNames]:
        inputs: dict[str, AxisNames] = {"input_vectors": (0, facts.words)}
        return inputs if options.loss == "hierarchical-softmax" else {**inputs, "output_vectors": (0, facts.words)}

    def __init__(self, options: Train, facts: WordFacts):
        rngs = nnx.Rngs(options.seed)
        self.facts = facts
        self.text, self.window, self.negative = MODELS[options.model], options.window, options.negative
        self.row_negatives = max(rows.NEGATIVES, options.negative)
        self.dtype = jnp.dtype(options.dtype)
        self.capacity = word_batches.capacity(facts.counts, context_options(options))
        shape = len(facts.words), options.vector_size
        uniform = jax.random.uniform(rngs.params(), shape, minval=-0.5, maxval=0.5)
        self.input_vectors = nnx.Param(uniform / options.vector_size)
        self.tree = HuffmanTree(facts.counts) if options.loss == "hierarchical-softmax" else None
        outputs = len(facts.words) - (self.tree is not None)
        self.output_vectors = nnx.Param(jnp.zeros((outputs, options.vector_size)))
        updates = learning_rates.expected_updates(options, facts, self.tree)
        scales = [nnx.Variable(jnp.asarray(learning_rates.limited(options, each))) for each in updates]
        self.gradient_scales = nnx.List(scales)
        self.subwords = Subwords(options, facts.words, updates[0], rngs) if options.subwords else None
        self.negatives = None if self.tree else NegativeSamplingDistribution(facts.counts)
        self.rngs = nnx.Rngs(negative=options.seed)
        rate = options.learning_rate or learning_rates.default_learning_rate(options)
        self.schedule = optax.linear_schedule(rate, rate * _FINAL_RATE, options.steps)
        self.step = nnx.Variable(jnp.zeros([], jnp.int32))

    def update(self, batch: Batch) -> Metrics:
        text, *words = self._read(batch, self.rngs.negative())
        grams = self.subwords.find(words[0].reshape(-1)) if self.subwords else None
        inputs, outputs = self._inputs(words[0], grams), self.output_vectors[words[1]]
        total, gradients = jax.value_and_grad(self._loss, argnums=(0, 1))(inputs, outputs, text)
        rate = self.schedule(self.step[...])
        tables, scales = [self.input_vectors, self.output_vectors], [*self.gradient_scales]
        if self.subwords is not None and grams is not None:
            buckets, owners = grams
            tables, scales, words = [*tables, self.subwords.vectors], [*scales, self.subwords.scales], [*words, buckets]
            # As in fastText, an n-gram takes the whole gradient of the mean, so that the mean learns at the same rate.
            by_word = gradients[0].reshape(-1, gradients[0].shape[-1])
            gradients = *gradients, by_word.at[owners].get(mode="fill", fill_value=0)
        changes = [
            -rate * scale[...][ids][..., None] * gradient
            for scale, ids, gradient in zip(scales, words, gradients, strict=True)
        ]
        # Without the barrier, XLA may read a table after it has started to write to it, and would copy it first.
        changes = jax.lax.optimization_barrier(changes)
        for table, ids, change in zip(tables, words, changes, strict=True):
            table.set_value(table[...].at[ids.reshape(-1)].add(change.reshape(-1, change.shape[-1])))
        self.step.set_value(self.step[...] + 1)
        return {"loss": _mean(total, text), "learning_rate": Mean.of(rate)}

    def score(self, batch: Batch) -> Metrics:
        # The negatives depend only on the words, so all validations and runs use the same ones.
        key = jax.random.key(jnp.sum(batch["word"]))
        text, inputs, outputs = self._read(batch, key)
        grams = self.subwords.find(inputs.reshape(-1)) if self.subwords else None
        return {"loss": _mean(self._loss(self._inputs(inputs, grams), self.output_vectors[outputs], text), text)}

    def require_fit(self, facts: WordFacts, run: str) -> None:
        if facts.words != self.facts.words:
            raise RunError(
                f"the data must have the vocabulary that {run} was trained on",
                hint="evaluate on other texts with --pairs and --analogies",
            )

    def _read(self, batch: Batch, key: jax.Array) -> tuple[rows.Text, jax.Array, jax.Array]:
        """Return the text of a batch, the words whose input vectors the loss uses, and the output vectors it uses."""
        word, sentence, context_size = (
            jnp.asarray(batch[name])[: self.capacity] for name in ("word", "sentence", "context_size")
        )
        text = self.text.split(word, sentence, context_size, self.window)
        if self.tree is not None:
            return text, text.inputs, self.tree.nodes[...][text.targets]
        assert self.negatives is not None
        return text, text.inputs, text.outputs(self.negatives.sample(key, (text.rows, self.row_negatives)))

    def _inputs(self, ids: jax.Array, grams: tuple[jax.Array, jax.Array] | None) -> jax.Array:
        """Return the input vectors of words, [..., feature], given their n-grams."""
        own = self.input_vectors[ids]
        if self.subwords is None or grams is None:
            return own
        return self.subwords.mean(own.reshape(-1, own.shape[-1]), ids.reshape(-1), *grams).reshape(own.shape)

    def _loss(self, inputs: jax.Array, outputs: jax.Array, text: rows.Text) -> jax.Array:
        inputs, outputs = inputs.astype(self.dtype), outputs.astype(self.dtype)
        if self.tree:
            return text.path_loss(inputs, outputs, self.tree.codes[...][text.targets])
        return text.loss(inputs, outputs, self.negative / self.row_negatives)

    def word_vectors(self) -> WordVectors:
        """Return the word vectors with their vocabulary; with subwords, words outside it have vectors as well."""
        return WordVectors(self.facts, self.vectors(), self.subwords.unknown if self.subwords else lambda word: None)

    def vectors(self) -> np.ndarray:
        """Return the word vectors, float32 [word, feature]."""
        own = np.asarray(self.input_vectors[...])
        return self.subwords.all_means(own) if self.subwords else own


def _mean(total: jax.Array, text: rows.Text) -> Mean:
    return Mean(total, text.predictions().astype(jnp.float32))


def context_options(options: Train) -> word_batches.ContextOptions:
    """Return how running text is turned into contexts."""
    return word_batches.ContextOptions(options.window, options.sample, options.batch_size)
