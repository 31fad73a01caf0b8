"""Times a training step of `dlcli train gan --conditional` against the same two networks in PyTorch.

    python tests/bench/gan.py [--rounds 40] [--json]

A step: scale the pixels, generate images, the discriminator's non-saturating loss with the gradient penalty at real
images, gradients, Adam; then the generator's loss on the same generated images, gradients, Adam, moving average of the
generator's weights.

dlcli's step is the one that the engine compiles for the learner, with its metrics, on one CPU device and on one device
per core; PyTorch's is run eagerly, and compiled by `torch.compile`. `comparison.py` alternates between them.
"""

from __future__ import annotations

import numpy as np
from comparison import CORES, DEVICE, DTYPE, Comparison, Step, compiled_step, to_torch

BATCH, SIDE, CLASSES, LATENT, CHANNELS = 64, 8, 10, 64, 32
FEATURES = (SIDE // 2) ** 2 * 2 * CHANNELS  # of the smallest feature maps of both networks


def batch() -> tuple[np.ndarray, np.ndarray]:
    """Return random images, uint8 [batch, height, width, channel], and labels."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, [BATCH, SIDE, SIDE, 1], dtype=np.uint8)
    return images, generator.integers(0, CLASSES, BATCH).astype(np.int32)


def dlcli_step(network: str) -> Step:
    """Return the step that the engine compiles for the learner."""
    from dlcli.data.images.batches import ImageFacts
    from dlcli.engine import devices
    from dlcli.engine.program import Program
    from dlcli.techniques.gan.facts import GanFacts
    from dlcli.techniques.gan.learner import Learner
    from dlcli.techniques.gan.options import Train

    devices.prepare(DEVICE)
    sizes = {"batch_size": BATCH, "latent_dim": LATENT, "channels": CHANNELS}
    options = Train(**sizes, conditional=True, schedule="constant", dtype=DTYPE)
    classes = tuple(map(str, range(CLASSES)))
    data = ImageFacts(image=(SIDE, SIDE, 1), classes=classes, mean=(0.5,), std=(0.3,))
    images, labels = batch()
    program = Program(Learner, options, GanFacts(data=data), devices.mesh(BATCH))
    return compiled_step(program, {"image": images, "label": labels})


def torch_step(network: str, compiled: bool) -> Step:
    """Return the same step in PyTorch."""
    import torch
    from torch.optim import swa_utils

    torch.set_num_threads(CORES)
    torch.manual_seed(0)
    generator, discriminator = _generator(), _discriminator()
    average = swa_utils.get_ema_multi_avg_fn(0.995)
    averaged = swa_utils.AveragedModel(generator, multi_avg_fn=average, use_buffers=True)
    players = generator, discriminator
    optimizers = [torch.optim.Adam(each.parameters(), lr=5e-4, betas=(0.5, 0.999)) for each in players]
    images, labels = map(to_torch, batch())
    images, labels = images.permute(0, 3, 1, 2).contiguous(), labels.long()
    parts = _generate, _discriminator_loss, _generator_loss
    draw, discriminator_loss, generator_loss = map(torch.compile, parts) if compiled else parts

    def step() -> object:
        for optimizer in optimizers:
            optimizer.zero_grad(set_to_none=True)
        generated = draw(generator, labels)
        discriminator_loss(discriminator, images, generated.detach(), labels).backward()
        optimizers[1].step()
        discriminator.requires_grad_(False)  # the generator's step needs no gradients of its weights
        loss = generator_loss(discriminator, generated, labels)
        loss.backward()
        discriminator.requires_grad_(True)
        optimizers[0].step()
        averaged.update_parameters(generator)
        return loss

    return step, lambda loss: loss.item()


def _generate(generator: object, labels: object) -> object:
    """Return one generated image per label."""
    import torch

    return generator(torch.randn(len(labels), LATENT), labels)


def _discriminator_loss(discriminator: object, images: object, generated: object, labels: object) -> object:
    """Return the loss with the gradient penalty R1: Mescheder et al. 2018, arXiv:1801.04406, equation 9."""
    import torch
    from torch.nn import functional

    def logits_of(real: object) -> tuple[object, object]:
        logits = discriminator(real, labels)
        return logits.sum(), logits

    # Unlike `autograd.grad`, `torch.compile` traces this one as part of the loss, and eager it takes no longer.
    gradients, logits = torch.func.grad(logits_of, has_aux=True)(images.float() / 127.5 - 1)
    loss = (functional.softplus(-logits) + functional.softplus(discriminator(generated, labels))).mean()
    return loss + gradients.square().flatten(1).sum(dim=1).mean() / 2


def _generator_loss(discriminator: object, generated: object, labels: object) -> object:
    """Return the generator's loss on generated images."""
    from torch.nn import functional

    return functional.softplus(-discriminator(generated, labels)).mean()


def _generator() -> object:
    """Return the generator: Radford et al. 2015, arXiv:1511.06434, conditioned on the class."""
    import torch
    from torch import nn

    class Generator(nn.Module):
        def __init__(self):
            super().__init__()
            self.label = nn.Embedding(CLASSES, LATENT)
            self.project = nn.Linear(2 * LATENT, FEATURES, bias=False)
            self.layers = nn.Sequential(
                *(nn.BatchNorm2d(2 * CHANNELS), nn.ReLU()),
                nn.ConvTranspose2d(2 * CHANNELS, CHANNELS, 4, 2, padding=1, bias=False),
                *(nn.BatchNorm2d(CHANNELS), nn.ReLU(), nn.Conv2d(CHANNELS, 1, 3, padding=1), nn.Tanh()),
            )

        def forward(self, noise: object, labels: object) -> object:
            x = self.project(torch.cat([noise, self.label(labels)], dim=1))
            return self.layers(x.view(-1, 2 * CHANNELS, SIDE // 2, SIDE // 2))

    return Generator()


def _discriminator() -> object:
    """Return the discriminator, with the projection of Miyato and Koyama 2018, arXiv:1802.05637, equation 3."""
    from torch import nn

    class Discriminator(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(
                *(nn.Conv2d(1, CHANNELS, 3, padding=1), nn.LeakyReLU(0.2)),
                *(nn.Conv2d(CHANNELS, 2 * CHANNELS, 4, 2, padding=1), nn.LeakyReLU(0.2), nn.Flatten()),
            )
            self.judge, self.label = nn.Linear(FEATURES, 1), nn.Embedding(CLASSES, FEATURES)
            nn.init.normal_(self.label.weight, std=0.02)

        def forward(self, images: object, labels: object) -> object:
            features = self.layers(images)
            return self.judge(features)[:, 0] + (features * self.label(labels)).sum(dim=1)

    return Discriminator()


if __name__ == "__main__":
    what = f"{BATCH} images {(SIDE, SIDE, 1)}, {CHANNELS} and {2 * CHANNELS} channels, {CLASSES} classes"
    Comparison(__file__, {"dcgan": what}, dlcli_step, torch_step, {"batch": BATCH}).run()
