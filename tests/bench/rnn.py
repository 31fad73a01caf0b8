"""Times a training step of `dlcli train rnn` against the same language model in PyTorch, on the same cores.

    python tests/bench/rnn.py [--rounds 40] [--json]

A step: embed the tokens, run an LSTM from the state of the step before, cross-entropy of the next tokens, gradients,
gradient clipping, Adam.

dlcli's step is the one that the engine compiles for the learner, with its metrics, on one CPU device and on one device
per core; PyTorch's is run eagerly, and compiled by `torch.compile`. `comparison.py` alternates between them.
"""

from __future__ import annotations

import numpy as np
from comparison import CORES, DEVICE, DTYPE, Comparison, Step, compiled_step, to_torch

BATCH, TIME, VOCABULARY, EMBEDDING, HIDDEN = 32, 64, 256, 128, 256


def batch() -> np.ndarray:
    """Return random tokens, int32 [batch, time + 1]."""
    return np.random.default_rng(0).integers(0, VOCABULARY, [BATCH, TIME + 1]).astype(np.int32)


def dlcli_step(network: str) -> Step:
    """Return the step that the engine compiles for the learner."""
    from dlcli.data.text import tokenizers
    from dlcli.data.text.facts import TextFacts
    from dlcli.engine import devices
    from dlcli.engine.program import Program
    from dlcli.techniques.rnn.learner import Learner
    from dlcli.techniques.rnn.options import Train

    devices.prepare(DEVICE)
    sizes = {"batch_size": BATCH, "context": TIME, "embedding_dim": EMBEDDING, "hidden": HIDDEN}
    options = Train(**sizes, cell=network, dropout=0.0, optimizer="adam", schedule="constant", dtype=DTYPE)
    letters = tokenizers.train("characters", VOCABULARY, ["".join(map(chr, range(33, 33 + VOCABULARY)))])
    facts = TextFacts(tokenizer=letters.to_json(), vocabulary=len(letters))
    program = Program(Learner, options, facts, devices.mesh(BATCH))
    return compiled_step(program, {"tokens": batch(), "restart": np.zeros(BATCH, bool)})


def torch_step(network: str, compiled: bool) -> Step:
    """Return the same step in PyTorch."""
    import torch
    from torch import nn
    from torch.nn import functional

    torch.set_num_threads(CORES)
    torch.manual_seed(0)
    model = torch_model(VOCABULARY)
    forward = torch.compile(model) if compiled else model
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    tokens = to_torch(batch()).long()
    kept = [(torch.zeros(1, BATCH, HIDDEN), torch.zeros(1, BATCH, HIDDEN))]

    def step() -> object:
        optimizer.zero_grad(set_to_none=True)
        logits, carry = forward(tokens[:, :-1], kept[0])
        loss = functional.cross_entropy(logits.reshape(-1, VOCABULARY), tokens[:, 1:].reshape(-1))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        kept[0] = tuple(each.detach() for each in carry)
        return loss

    return step, lambda loss: loss.item()


def torch_model(vocabulary: int) -> object:
    """Return the language model in PyTorch: an embedding, an LSTM and a linear layer."""
    from torch import nn

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(vocabulary, EMBEDDING)
            self.recurrent = nn.LSTM(EMBEDDING, HIDDEN, batch_first=True)
            self.logits = nn.Linear(HIDDEN, vocabulary)

        def forward(self, tokens: object, carry: object) -> object:
            states, carry = self.recurrent(self.embedding(tokens), carry)
            return self.logits(states), carry

    return Model()


if __name__ == "__main__":
    what = f"{BATCH} rows of {TIME} tokens, embedding {EMBEDDING}, hidden {HIDDEN}"
    Comparison(__file__, {"lstm": what}, dlcli_step, torch_step, {"batch": BATCH, "time": TIME}).run()
