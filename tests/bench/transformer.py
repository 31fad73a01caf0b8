"""Times a training step of `dlcli train transformer --preset gpt2` against nanoGPT's in PyTorch.

    python tests/bench/transformer.py [--rounds 40] [--json]

A step, with nanoGPT's settings for a CPU (4 layers, 4 heads, 128 features, 12 windows of 64 characters): cross-entropy
of the next characters, gradients, gradient clipping, AdamW.

dlcli's step is the one that the engine compiles for the learner, with its metrics, on one CPU device and on one device
per core; PyTorch's is run eagerly, and compiled by `torch.compile`. `comparison.py` alternates between them.
"""

from __future__ import annotations

import math

import numpy as np
from comparison import CORES, DEVICE, DTYPE, Comparison, Step, compiled_step, to_torch

BATCH, TIME, VOCABULARY, LAYERS, HEADS, WIDTH = 12, 64, 65, 4, 4, 128


def batch() -> np.ndarray:
    """Return random tokens, int32 [batch, time + 1]."""
    return np.random.default_rng(0).integers(0, VOCABULARY, [BATCH, TIME + 1]).astype(np.int32)


def dlcli_step(network: str) -> Step:
    """Return the step that the engine compiles for the learner."""
    from dlcli.data.text import tokenizers
    from dlcli.engine import devices
    from dlcli.engine.program import Program
    from dlcli.techniques.transformer.facts import TransformerFacts
    from dlcli.techniques.transformer.learner import Learner
    from dlcli.techniques.transformer.options import Train

    devices.prepare(DEVICE)
    sizes = {"batch_size": BATCH, "context": TIME, "layers": LAYERS, "heads": HEADS, "d_model": WIDTH}
    options = Train(**sizes, preset=network, schedule="constant", dtype=DTYPE)
    letters = tokenizers.train("characters", VOCABULARY, ["".join(map(chr, range(33, 33 + VOCABULARY)))])
    facts = TransformerFacts(tokenizer=letters.to_json(), vocabulary=len(letters))
    program = Program(Learner, options, facts, devices.mesh(BATCH))
    return compiled_step(program, {"tokens": batch()})


def torch_step(network: str, compiled: bool) -> Step:
    """Return the same step in PyTorch."""
    import torch
    from torch import nn
    from torch.nn import functional

    torch.set_num_threads(CORES)
    torch.manual_seed(0)
    model = _nanogpt()
    forward = torch.compile(model) if compiled else model
    matrices = [each for each in model.parameters() if each.dim() >= 2]
    others = [each for each in model.parameters() if each.dim() < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99))
    tokens = to_torch(batch()).long()

    def step() -> object:
        optimizer.zero_grad(set_to_none=True)
        logits = forward(tokens[:, :-1])
        loss = functional.cross_entropy(logits.reshape(-1, VOCABULARY), tokens[:, 1:].reshape(-1))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss

    return step, lambda loss: loss.item()


def _nanogpt(vocabulary: int = VOCABULARY) -> object:
    """Return the model of karpathy/nanoGPT at 3adf61e1, without dropout and biases as in its setting for a CPU."""
    import torch
    from torch import nn
    from torch.nn import functional

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.table, self.places = nn.Embedding(vocabulary, WIDTH), nn.Embedding(TIME, WIDTH)
            self.blocks = nn.Sequential(*(_block() for _ in range(LAYERS)))
            self.norm = nn.LayerNorm(WIDTH, bias=False)

        def forward(self, tokens: object) -> object:
            x = self.table(tokens) + self.places(torch.arange(tokens.shape[1]))
            return functional.linear(self.norm(self.blocks(x)), self.table.weight)

    model = Model()
    for name, parameter in model.named_parameters():
        if parameter.dim() >= 2:
            last = name.endswith(("out.weight", "2.weight"))
            nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * LAYERS) if last else 0.02)
    return model


def _block() -> object:
    from torch import nn
    from torch.nn import functional

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.project, self.out = nn.Linear(WIDTH, 3 * WIDTH, bias=False), nn.Linear(WIDTH, WIDTH, bias=False)

        def forward(self, x: object) -> object:
            parts = self.project(x).split(WIDTH, dim=2)
            query, key, value = (each.view(*x.shape[:2], HEADS, -1).transpose(1, 2) for each in parts)
            found = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
            return self.out(found.transpose(1, 2).reshape(x.shape))

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norms = nn.ModuleList(nn.LayerNorm(WIDTH, bias=False) for _ in range(2))
            layers = nn.Linear(WIDTH, 4 * WIDTH, bias=False), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH, bias=False)
            self.attention, self.wide = Attention(), nn.Sequential(*layers)

        def forward(self, x: object) -> object:
            x = x + self.attention(self.norms[0](x))
            return x + self.wide(self.norms[1](x))

    return Block()


if __name__ == "__main__":
    what = f"{BATCH} windows of {TIME} characters, {LAYERS} layers, {HEADS} heads, width {WIDTH}"
    Comparison(__file__, {"gpt2": what}, dlcli_step, torch_step, {"batch": BATCH, "time": TIME}).run()
