"""Times a training step of `dlcli train diffusion --conditional` against the same model in PyTorch.

    python tests/bench/diffusion.py [--rounds 40] [--json]

A step: scale the pixels, drop a tenth of the labels, draw a timestep per image, add noise, run the U-Net, squared error
of the velocity, gradients, gradient clipping, Adam, moving average of the weights.

dlcli's step is the one that the engine compiles for the learner, with its metrics, on one CPU device and on one device
per core; PyTorch's is run eagerly, and compiled by `torch.compile`. `comparison.py` alternates between them.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from comparison import CORES, DEVICE, DTYPE, Comparison, Step, compiled_step, to_torch

BATCH, SIDE, CLASSES, CHANNELS, LEVELS = 64, 8, 10, 32, 1000
FEATURES, GROUPS, HEADS = 4 * CHANNELS, 8, 4


def batch() -> tuple[np.ndarray, np.ndarray]:
    """Return random images, uint8 [batch, height, width, channel], and labels."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, [BATCH, SIDE, SIDE, 1], dtype=np.uint8)
    return images, generator.integers(0, CLASSES, BATCH).astype(np.int32)


def dlcli_step(network: str) -> Step:
    """Return the step that the engine compiles for the learner."""
    from dlcli.data.domains import GenerativeFacts
    from dlcli.data.images.batches import ImageFacts
    from dlcli.engine import devices
    from dlcli.engine.program import Program
    from dlcli.techniques.diffusion.learner import Learner
    from dlcli.techniques.diffusion.options import Train

    devices.prepare(DEVICE)
    sizes = {"batch_size": BATCH, "channels": CHANNELS, "timesteps": LEVELS}
    options = Train(**sizes, conditional=True, schedule="constant", dtype=DTYPE)
    classes = tuple(map(str, range(CLASSES)))
    data = ImageFacts(image=(SIDE, SIDE, 1), classes=classes, mean=(0.5,), std=(0.3,))
    images, labels = batch()
    program = Program(Learner, options, GenerativeFacts(data=data), devices.mesh(BATCH))
    return compiled_step(program, {"image": images, "label": labels})


def torch_step(network: str, compiled: bool) -> Step:
    """Return the same step in PyTorch."""
    import torch
    from torch import nn

    torch.set_num_threads(CORES)
    torch.manual_seed(0)
    model, averaged, loss_of = torch_loss()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    images, labels = map(to_torch, batch())
    images, labels = images.permute(0, 3, 1, 2).contiguous(), labels.long()
    forward = torch.compile(loss_of) if compiled else loss_of

    def step() -> object:
        optimizer.zero_grad(set_to_none=True)
        loss = forward(images, labels)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        averaged.update_parameters(model)
        return loss

    return step, lambda loss: loss.item()


def torch_loss() -> tuple[object, object, Callable[[object, object], object]]:
    """Return the U-Net in PyTorch, the average of its weights, and its loss of images and labels."""
    import torch
    from torch.nn import functional
    from torch.optim import swa_utils

    model = _unet()
    averaged = swa_utils.AveragedModel(model, multi_avg_fn=swa_utils.get_ema_multi_avg_fn(0.995))
    signals, noises = map(to_torch, _cosine_path())

    def loss_of(images: object, labels: object) -> object:
        clean = images.float() / 127.5 - 1
        labels = torch.where(torch.rand(BATCH) < 0.9, labels, CLASSES)
        shares = (torch.rand(1) + torch.arange(BATCH) / BATCH) % 1
        level = 1 + (shares * LEVELS).long().clamp(max=LEVELS - 1)
        signal, share = (rates[level].view(-1, 1, 1, 1) for rates in (signals, noises))
        noise = torch.randn_like(clean)
        said = model(signal * clean + share * noise, level / LEVELS, labels)
        return functional.mse_loss(said, signal * noise - share * clean)

    return model, averaged, loss_of


def _cosine_path() -> tuple[np.ndarray, np.ndarray]:
    """Return the factors of data and noise at each level: Nichol and Dhariwal 2021, arXiv:2102.09672, equation 17."""
    kept = np.square(np.cos((np.linspace(0, 1, LEVELS + 1) + 0.008) / 1.008 * math.pi / 2))
    kept = np.cumprod(np.concatenate([[1.0], np.maximum(kept[1:] / kept[:-1], 0.001)]))
    return np.sqrt(kept).astype(np.float32), np.sqrt(1 - kept).astype(np.float32)


def _unet() -> object:
    """Return a U-Net of two stages of one block: 8×8 and 4×4 pixels, with attention at the latter."""
    import torch
    from torch import nn
    from torch.nn import functional

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            low, high = CHANNELS, 2 * CHANNELS
            self.time = nn.Sequential(nn.Linear(FEATURES, FEATURES), nn.SiLU(), nn.Linear(FEATURES, FEATURES))
            self.label = nn.Embedding(CLASSES + 1, FEATURES)
            self.enter, self.leave = nn.Conv2d(1, low, 3, padding=1), nn.Conv2d(low, 1, 3, padding=1)
            self.down = nn.ModuleList([_block(low, low), _block(high, high)])
            self.halve, self.enlarge = nn.Conv2d(low, high, 3, 2, padding=1), nn.Conv2d(high, low, 3, padding=1)
            self.middle, self.attention = _block(high, high), _attention(high)
            self.up = nn.ModuleList([_block(2 * low, low), _block(2 * high, high)])
            self.norm = _norm(low)
            for last in (self.leave.weight, self.leave.bias):
                nn.init.zeros_(last)

        def forward(self, x: object, time: object, labels: object) -> object:
            count = FEATURES // 2
            angles = time[:, None] * 1000 * torch.exp(-math.log(10_000) * torch.arange(count) / count)
            waves = torch.cat([angles.sin(), angles.cos()], dim=1)
            condition = functional.silu(self.time(waves) + self.label(labels))
            wide = self.down[0](self.enter(x), condition)
            deep = self.down[1](self.halve(wide), condition)
            x = self.attention(self.middle(deep, condition))
            x = self.up[1](torch.cat([x, deep], dim=1), condition)
            x = self.enlarge(functional.interpolate(x, scale_factor=2))
            x = self.up[0](torch.cat([x, wide], dim=1), condition)
            return self.leave(functional.silu(self.norm(x)))

    return Model()


def _block(inputs: int, outputs: int) -> object:
    from torch import nn
    from torch.nn import functional

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norms = nn.ModuleList([_norm(inputs), _norm(outputs)])
            self.first = nn.Conv2d(inputs, outputs, 3, padding=1)
            self.second = nn.Conv2d(outputs, outputs, 3, padding=1)
            self.tell = nn.Linear(FEATURES, 2 * outputs)
            self.shortcut = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)
            nn.init.zeros_(self.second.weight)

        def forward(self, x: object, condition: object) -> object:
            scale, shift = self.tell(condition)[:, :, None, None].chunk(2, dim=1)
            y = self.first(functional.silu(self.norms[0](x)))
            y = self.second(functional.silu(self.norms[1](y) * (1 + scale) + shift))
            return y + self.shortcut(x)

    return Block()


def _attention(channels: int) -> object:
    from torch import nn
    from torch.nn import functional

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = _norm(channels)
            self.project, self.combine = nn.Linear(channels, 3 * channels), nn.Linear(channels, channels)
            nn.init.zeros_(self.combine.weight)

        def forward(self, x: object) -> object:
            flat = self.norm(x).flatten(2).transpose(1, 2)
            parts = self.project(flat).chunk(3, dim=2)
            query, key, value = (each.view(*flat.shape[:2], HEADS, -1).transpose(1, 2) for each in parts)
            found = functional.scaled_dot_product_attention(query, key, value)
            found = self.combine(found.transpose(1, 2).reshape(flat.shape))
            return x + found.transpose(1, 2).reshape(x.shape)

    return Attention()


def _norm(channels: int) -> object:
    from torch import nn

    return nn.GroupNorm(GROUPS, channels, eps=1e-6)


if __name__ == "__main__":
    what = f"{BATCH} images {(SIDE, SIDE, 1)}, {CHANNELS} and {2 * CHANNELS} channels, attention, {CLASSES} classes"
    Comparison(__file__, {"u-net": what}, dlcli_step, torch_step, {"batch": BATCH}).run()
