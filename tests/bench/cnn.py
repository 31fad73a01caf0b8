"""Times a training step of `dlcli train cnn` against the same network in PyTorch, on the same cores.

    python tests/bench/cnn.py [--rounds 40] [--json]

A step: scale the pixels, run the network, cross-entropy, gradients, Adam.

dlcli's step is the one that the engine compiles for the learner, with its metrics, on one CPU device and on one device
per core; PyTorch's is run eagerly, and compiled by `torch.compile`. `comparison.py` alternates between them.
"""

from __future__ import annotations

import numpy as np
from comparison import CORES, DEVICE, DTYPE, Comparison, Step, compiled_step, to_torch

BATCH, CLASSES = 128, 10
IMAGES = {"small": (28, 28, 1), "resnet": (32, 32, 3)}


def batch(network: str) -> tuple[np.ndarray, np.ndarray]:
    """Return random images, uint8 [batch, height, width, channel], and labels."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, [BATCH, *IMAGES[network]], dtype=np.uint8)
    return images, generator.integers(0, CLASSES, BATCH).astype(np.int32)


def dlcli_step(network: str) -> Step:
    """Return the step that the engine compiles for the learner."""
    from dlcli.data.images.batches import ImageFacts
    from dlcli.engine import devices
    from dlcli.engine.program import Program
    from dlcli.techniques.cnn.learner import Learner
    from dlcli.techniques.cnn.options import Train

    devices.prepare(DEVICE)
    depth = {"depth": 8} if network == "resnet" else {}
    options = Train(arch=network, batch_size=BATCH, dropout=0.1, schedule="constant", **depth, dtype=DTYPE)
    side, channels = IMAGES[network][0], IMAGES[network][2]
    classes = tuple(map(str, range(CLASSES)))
    facts = ImageFacts(image=(side, side, channels), classes=classes, mean=(0.5,) * channels, std=(0.3,) * channels)
    images, labels = batch(network)
    return compiled_step(Program(Learner, options, facts, devices.mesh(BATCH)), {"image": images, "label": labels})


def torch_step(network: str, compiled: bool) -> Step:
    """Return the same step in PyTorch."""
    import torch
    from torch.nn import functional

    torch.set_num_threads(CORES)
    torch.manual_seed(0)
    model = _torch_small() if network == "small" else _torch_resnet()
    forward = torch.compile(model) if compiled else model
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    images, labels = map(to_torch, batch(network))
    images, labels = images.permute(0, 3, 1, 2).contiguous(), labels.long()

    def step() -> object:
        optimizer.zero_grad(set_to_none=True)
        loss = functional.cross_entropy(forward((images.float() / 255 - 0.5) / 0.3), labels)
        loss.backward()
        optimizer.step()
        return loss

    return step, lambda loss: loss.item()


def _torch_small(side: int = 28) -> object:
    from torch import nn

    return nn.Sequential(
        *(nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(64 * (side // 4) ** 2, 128), nn.ReLU(), nn.Dropout(0.1), nn.Linear(128, CLASSES)),
    )


def _torch_resnet() -> object:
    """Return the resnet of 8 layers: He et al. 2015, arXiv:1512.03385, section 4.2, shortcuts of kind A."""
    from torch import nn
    from torch.nn import functional

    class Block(nn.Module):
        def __init__(self, inputs: int, outputs: int, stride: int):
            super().__init__()
            self.first = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
            self.second = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
            self.norms = nn.ModuleList([nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)])
            self.stride, self.added = stride, outputs - inputs

        def forward(self, x: object) -> object:
            branch = functional.relu(self.norms[0](self.first(x)))
            branch = self.norms[1](self.second(branch))
            kept = functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.added))
            return functional.relu(kept + branch)

    return nn.Sequential(
        *(nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()),
        *(Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2)),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.1), nn.Linear(64, CLASSES)),
    )


if __name__ == "__main__":
    steps = {network: f"{BATCH} images {shape}" for network, shape in IMAGES.items()}
    Comparison(__file__, steps, dlcli_step, torch_step, {"batch": BATCH}).run()
