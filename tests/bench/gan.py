"""Times one training step of `dlcli train gan --conditional` beside the same two players in PyTorch, on the same cores.

    python tests/bench/gan.py [--rounds 40] [--json]

A step is: scale the pixels, draw fakes, the discriminator's non-saturating loss of both with the penalty of
its slope at the real ones, gradients, Adam; then the generator's loss of the same fakes, gradients, Adam,
the average of the generator. dlcli's is the one that the engine compiles for the learner, with its metrics,
on one CPU device and on one for each core; PyTorch's is eager, and compiled by `torch.compile`. How they
are timed: `contest.py`.
"""

from __future__ import annotations

import numpy as np
from contest import CORES, Contender, Contest, compiled_step

BATCH, SIDE, CLASSES, LATENT, CHANNELS = 64, 8, 10, 64, 32
FEATURES = (SIDE // 2) ** 2 * 2 * CHANNELS  # of the smallest maps of both players


def batch() -> tuple[np.ndarray, np.ndarray]:
    """Return random images, uint8 [batch, height, width, channel], and labels."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, [BATCH, SIDE, SIDE, 1], dtype=np.uint8)
    return images, generator.integers(0, CLASSES, BATCH).astype(np.int32)


def dlcli_step(network: str) -> Contender:
    """Return the step that the engine compiles for the learner."""
    from dlcli.data.images.batches import ImageFacts
    from dlcli.engine import devices
    from dlcli.engine.program import Program
    from dlcli.techniques.gan.facts import GanFacts
    from dlcli.techniques.gan.learner import Learner
    from dlcli.techniques.gan.options import Train

    devices.prepare("cpu")
    sizes = {"batch_size": BATCH, "latent_dim": LATENT, "channels": CHANNELS}
    options = Train(**sizes, conditional=True, schedule="constant")
    classes = tuple(map(str, range(CLASSES)))
    data = ImageFacts(image=(SIDE, SIDE, 1), classes=classes, mean=(0.5,), std=(0.3,))
    images, labels = batch()
    program = Program(Learner, options, GanFacts(data=data), devices.mesh(BATCH))
    return compiled_step(program, {"image": images, "label": labels})


def torch_step(network: str, compiled: bool) -> Contender:
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
    images, labels = map(torch.from_numpy, batch())
    images, labels = images.permute(0, 3, 1, 2).contiguous(), labels.long()
    parts = _draw, _discriminator_loss, _generator_loss
    draw, discriminator_loss, generator_loss = map(torch.compile, parts) if compiled else parts

    def step() -> object:
        for optimizer in optimizers:
            optimizer.zero_grad(set_to_none=True)
        fake = draw(generator, labels)
        discriminator_loss(discriminator, images, fake.detach(), labels).backward()
        optimizers[1].step()
        discriminator.requires_grad_(False)  # spares the generator's turn the gradients of the weights
        loss = generator_loss(discriminator, fake, labels)
        loss.backward()
        discriminator.requires_grad_(True)
        optimizers[0].step()
        averaged.update_parameters(generator)
        return loss

    return step, lambda loss: loss.item()


def _draw(generator: object, labels: object) -> object:
    """Return one fake for each label."""
    import torch

    return generator(torch.randn(len(labels), LATENT), labels)


def _discriminator_loss(discriminator: object, images: object, fake: object, labels: object) -> object:
    """Return the loss with half of the squared slope at real images: Mescheder et al. 2018, arXiv:1801.04406, eq. 9."""
    import torch
    from torch.nn import functional

    def judged(real: object) -> tuple[object, object]:
        verdict = discriminator(real, labels)
        return verdict.sum(), verdict

    # Unlike `autograd.grad`, `torch.compile` traces this one as part of the loss, and eager it takes no longer.
    slopes, verdict = torch.func.grad(judged, has_aux=True)(images.float() / 127.5 - 1)
    loss = (functional.softplus(-verdict) + functional.softplus(discriminator(fake, labels))).mean()
    return loss + slopes.square().flatten(1).sum(dim=1).mean() / 2


def _generator_loss(discriminator: object, fake: object, labels: object) -> object:
    """Return the loss of the fakes."""
    from torch.nn import functional

    return functional.softplus(-discriminator(fake, labels)).mean()


def _generator() -> object:
    """Return the generator: Radford et al. 2015, arXiv:1511.06434, with the class beside the noise."""
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
    Contest(__file__, {"dcgan": what}, dlcli_step, torch_step, {"batch": BATCH}).run()
