"""Batches of text with masked tokens, for encoders that learn from text without labels.

Reference: Devlin et al., "BERT", 2018, arXiv:1810.04805, section 3.1: 15 % of the tokens are predicted. Of these, 80 %
are replaced by a mask, 10 % by a random token, and 10 % stay. The mask is the unknown token, so that a tokenizer needs
no further one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np

from dlcli.data.text import token_batches
from dlcli.data.text.sets import TextSet
from dlcli.data.text.tokenizer import Tokenizer
from dlcli.errors import DatasetError
from dlcli.interface import WHOLE, Batch, Data, HeldOutBatches, Share

_RATE = 0.15  # of the tokens that are predicted
_MASKED, _RANDOM = 0.8, 0.1  # of these


def windows(texts: TextSet, tokenizer: Tokenizer, *, batch_size: int, context: int, seed: int) -> Data:
    """Return windows of text with masked tokens, as `token_batches.windows` divides it.

    Batches contain `tokens`, int32 [batch, context], with masks; `position`, int32 [batch, masked], of the tokens to be
    predicted; and `target`, int32 [batch, masked], these tokens. Held-out batches also contain `mask`, float32
    [batch, masked]: 0 for a position of padding. The masks depend on the seed and the step alone, and in held-out
    batches on the number of the batch.

    Raises:
        DatasetError: the training text is shorter than a window, or the tokenizer has no unknown token.
    """
    if tokenizer.special.unknown < 0:
        raise DatasetError("the tokenizer must have a token for unknown words, which is used as a mask, and has none")
    data = token_batches.windows(texts, tokenizer, batch_size=batch_size, context=context, seed=seed)

    def train_from(step: int, share: Share = WHOLE, /) -> Iterator[Batch]:
        for number, batch in enumerate(data.train_from(step), step):
            yield share.cut(_masked(batch, tokenizer, np.random.default_rng([seed, number, 1])))

    return dataclasses.replace(
        data,
        train_from=train_from,
        validation=_HeldOut(data.validation, tokenizer),
        test=_HeldOut(data.test, tokenizer),
    )


@dataclasses.dataclass(frozen=True)
class _HeldOut:
    """Held-out windows with masks, which are the same in each iteration."""

    windows: HeldOutBatches
    tokenizer: Tokenizer
    share: Share = WHOLE

    def part(self, examples: int) -> _HeldOut:
        return dataclasses.replace(self, windows=self.windows.part(examples))

    def shared(self, share: Share) -> _HeldOut:
        return dataclasses.replace(self, share=share)

    def __iter__(self) -> Iterator[Batch]:
        for number, batch in enumerate(self.windows):
            yield self.share.cut(_masked(batch, self.tokenizer, np.random.default_rng([number, 1])))


def _masked(batch: Batch, tokenizer: Tokenizer, generator: np.random.Generator) -> Mapping[str, np.ndarray]:
    tokens = np.asarray(batch["tokens"])[:, 1:]
    count = max(1, round(_RATE * tokens.shape[1]))
    position = np.sort(generator.random(tokens.shape, np.float32).argsort(axis=1)[:, :count], axis=1)
    target = np.take_along_axis(tokens, position, axis=1)
    kind = generator.random(target.shape, np.float32)
    other = generator.integers(len(tokenizer), size=target.shape, dtype=np.int32)
    replaced = np.where(kind < _MASKED + _RANDOM, other, target)
    replaced = np.where(kind < _MASKED, np.int32(tokenizer.special.unknown), replaced)
    inputs = tokens.copy()
    np.put_along_axis(inputs, position, replaced, axis=1)
    found = {"tokens": inputs, "position": position.astype(np.int32), "target": target}
    if "mask" in batch:
        found["mask"] = np.take_along_axis(np.asarray(batch["mask"]), position, axis=1)
    return found
