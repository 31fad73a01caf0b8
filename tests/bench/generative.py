"""Trains a generative network and a plain one in PyTorch for the same time, and compares their samples.

    python tests/bench/generative.py gan|diffusion [--minutes 10] [--data-dir FOLDER] [--samples 2000] [--json]
    python tests/bench/generative.py gan|diffusion --run RUN [--minutes 10] [--samples 2000] [--picture FILE.png]

The data set is Fashion-MNIST as tensorflow-datasets prepared it in FOLDER, or the embedded shapes. dlcli runs the
options of its recipe; with --run, a finished run is compared instead, and PyTorch has the data and the time of it, or
--minutes, where other programs ran beside it.
In PyTorch, `gan` is the DCGAN of its examples (Radford et al. 2015, arXiv:1511.06434) with half its channels, and
`diffusion` a U-Net as of Ho et al. 2020 (arXiv:2006.11239) that predicts the noise, with the learning rate of dlcli and
its average of the weights. Images are padded to a multiple of eight pixels there.

Both train on the same images, one after the other, on all cores. The samples of both are compared with the test split
by the features of the same classifier, which dlcli trained on the training split.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

import dlcli

BATCH, LATENT, CHANNELS, LEVELS = 64, 100, 32, 1000
SAMPLER_STEPS = 50  # of DDIM in PyTorch
OPTIONS: dict[str, dict[str, Any]] = {
    "gan": {"gradient_penalty": 1.0, "penalty_every": 16, "augment": "shift:2", "ema_decay": 0.999},
    "diffusion": {
        **{"parameterization": "flow", "time_distribution": "logit-normal", "stages": 3, "attention_stages": 1},
        **{"learning_rate": 1e-3, "ema_decay": 0.999},
    },
}
SAMPLING = {"gan": {}, "diffusion": {"sampler": "heun", "sampler_steps": 20}}


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare samples with those of a plain network in PyTorch.")
    parser.add_argument("technique", choices=sorted(OPTIONS))
    parser.add_argument(
        "--minutes", type=float, help="of training, for each of the two; default: 10, or those of --run"
    )
    parser.add_argument("--data-dir", type=Path, help="with Fashion-MNIST; left out: the embedded shapes")
    parser.add_argument("--run", type=Path, help="a finished run, which is not trained again")
    parser.add_argument("--picture", type=Path, help="file for 80 samples of the network in PyTorch")
    parser.add_argument("--samples", type=int, default=2_000, help="of each")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    arguments = parser.parse_args()
    chosen = {"dataset": "tfds:fashion_mnist", "data_dir": arguments.data_dir} if arguments.data_dir else {}
    with tempfile.TemporaryDirectory() as folder:
        if arguments.run:
            run = dlcli.load(arguments.run)
        else:
            minutes = arguments.minutes or 10
            run = train(arguments.technique, chosen or {"dataset": "shapes"}, minutes, Path(folder) / "run")
        trained = max(each.get("seconds", 0.0) for each in run.history)  # without compilation
        seconds = arguments.minutes * 60 if arguments.minutes else trained
        pixels = run.sample(count=arguments.samples, **SAMPLING[arguments.technique])
        images, labels, held_out = _images(run)
        steps, drawn = PEERS[arguments.technique](images, labels, seconds, arguments.samples)
        if arguments.picture:
            _save(drawn[:80], arguments.picture)
        classifier = _classifier(run)
        results = {
            "dlcli": {"steps": run.history[-1]["step"], **_measures(classifier, pixels, images, held_out)},
            "PyTorch": {"steps": steps, **_measures(classifier, drawn, images, held_out)},
        }
    facts = {"technique": arguments.technique, "minutes": seconds / 60, "load": os.getloadavg()[0]}
    if arguments.json:
        print(json.dumps({**facts, "programs": results}))
        return
    table = Table("program", title=f"{arguments.technique}, {seconds / 60:.0f} minutes of training each")
    for name in ("frechet_distance", "kernel_distance", "precision", "recall"):
        table.add_column(name.replace("_", " "), justify="right")
    for program, found in results.items():
        table.add_row(program, *(f"{found[name]:.3f}" for name in ("frechet", "kernel", "precision", "recall")))
    table.add_row("training images", *(f"{results['dlcli'][f'{name}_floor']:.3f}" for name in MEASURES))
    Console().print(table)


MEASURES = ("frechet", "kernel", "precision", "recall")


def train(technique: str, data: dict[str, Any], minutes: float, out: Path) -> Any:
    """Train with dlcli for some minutes; return the run."""
    options = {**data, **OPTIONS[technique], "conditional": True, "channels": 16, "batch_size": BATCH}
    # More steps than there is time for; the schedule is constant, so that the end changes nothing.
    return dlcli.train(technique, **options, out=out, steps=10**6, max_time=f"{minutes * 60:.0f}s", schedule="constant")


def _images(run: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the training images and labels of a run, and the images of its test split, all uint8."""
    from dlcli.data.images import batches

    data = type(run.learner).read(run.options)
    images, labels = batches.training(data, data.sizes["train"])
    return images, labels, batches.whole(data.test)[0]


def _save(images: np.ndarray, path: Path) -> None:
    """Write images, ten a row, twice as large."""
    rows = images.reshape(-1, 10, *images.shape[1:]).swapaxes(1, 2)
    grid = rows.reshape(rows.shape[0] * rows.shape[1], -1, images.shape[-1]).repeat(2, axis=0).repeat(2, axis=1)
    Image.fromarray(grid.squeeze()).save(path)


def _classifier(run: Any) -> Any:
    """Return the feature classifier of the run's data set, as `dlcli eval` uses it."""
    from dlcli.data import domains
    from dlcli.metrics.feature_classifier import FeatureClassifier, count_examples

    domain = run.learner.domain
    classifier = FeatureClassifier(domain.shape, len(domain.classes))
    domains.train_feature_classifier(classifier, run.options, count_examples)
    return classifier


def _measures(classifier: Any, generated: np.ndarray, training: np.ndarray, held_out: np.ndarray) -> dict[str, float]:
    """Return distances, precision and recall of generated images, and those of as many training images."""
    from dlcli.metrics import generation

    parts = [classifier.all_features(each) for each in (generated, training[: len(generated)], held_out)]
    found = {name: metric.describe() for name, metric in generation.image_metrics(classifier, *parts).items()}
    described = {**found, **generation.feature_metrics(*parts)}
    names = {"frechet": "frechet_distance", "kernel": "kernel_distance", "precision": "precision", "recall": "recall"}
    values = {short: described[name]["value"] for short, name in names.items()}
    floors = {f"{short}_floor": described[f"{name}_floor"]["value"] for short, name in names.items()}
    return {**values, **floors}


def torch_gan(images: np.ndarray, labels: np.ndarray, seconds: float, count: int) -> tuple[int, np.ndarray]:
    """Train the DCGAN of PyTorch's examples; return the number of steps and samples, uint8."""
    import torch
    from torch import nn

    _seed()
    pixels = _padded(images)
    side, colours = pixels.shape[2] // 8, pixels.shape[1]

    generator, discriminator = _dcgan(side, colours)
    optimizers = [torch.optim.Adam(each.parameters(), 2e-4, (0.5, 0.999)) for each in (generator, discriminator)]
    loss_of, real, fake = nn.BCEWithLogitsLoss(), torch.ones(BATCH), torch.zeros(BATCH)

    def step(chosen: np.ndarray) -> None:
        generated = generator(torch.randn(BATCH, LATENT))
        optimizers[1].zero_grad()
        found = discriminator(_scaled(pixels[chosen])), discriminator(generated.detach())
        (loss_of(found[0], real) + loss_of(found[1], fake)).backward()
        optimizers[1].step()
        optimizers[0].zero_grad()
        loss_of(discriminator(generated), real).backward()
        optimizers[0].step()

    steps = _train(step, len(images), seconds)
    generator.eval()
    with torch.inference_mode():
        drawn = [generator(torch.randn(100, LATENT)) for _ in range(-(-count // 100))]
    return steps, _cropped(torch.cat(drawn)[:count], images)


def _dcgan(side: int, colours: int) -> tuple[object, object]:
    """Return generator and discriminator of images of eight times `side` pixels."""
    from torch import nn

    class Generator(nn.Module):
        def __init__(self):
            super().__init__()
            widths = (4 * CHANNELS, 2 * CHANNELS, CHANNELS)
            layers = [nn.ConvTranspose2d(LATENT, widths[0], side, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU()]
            for inputs, outputs in itertools.pairwise(widths):
                layers += [nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
            self.layers = nn.Sequential(*layers, nn.ConvTranspose2d(CHANNELS, colours, 4, 2, 1, bias=False), nn.Tanh())

        def forward(self, noise: object) -> object:
            return self.layers(noise[:, :, None, None])

    widths = (CHANNELS, 2 * CHANNELS, 4 * CHANNELS)
    layers = [nn.Conv2d(colours, CHANNELS, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
    for inputs, outputs in itertools.pairwise(widths):
        layers += [nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False), nn.BatchNorm2d(outputs), nn.LeakyReLU(0.2)]
    discriminator = nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, side, bias=False), nn.Flatten(0))
    generator = Generator()
    for module in (*generator.modules(), *discriminator.modules()):
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, 0.02)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02)
    return generator, discriminator


def torch_diffusion(images: np.ndarray, labels: np.ndarray, seconds: float, count: int) -> tuple[int, np.ndarray]:
    """Train a U-Net to predict noise, given the class; return the number of steps and samples, uint8, by DDIM."""
    import torch
    from torch.nn import functional
    from torch.optim import swa_utils

    _seed()
    pixels, classes = _padded(images), torch.from_numpy(labels).long()
    model = _unet(pixels.shape[1], int(labels.max()) + 1)
    # The share of the newest weights falls to 0.001: a short run forgets its initial weights, as dlcli's does.
    averaged = swa_utils.AveragedModel(
        model, avg_fn=lambda mean, weights, count: torch.lerp(mean, weights, max(0.001, 9 / (10 + int(count))))
    )
    optimizer = torch.optim.Adam(model.parameters(), OPTIONS["diffusion"]["learning_rate"])
    kept = torch.cumprod(1 - torch.linspace(1e-4, 0.02, LEVELS), 0)  # section 4 of the paper

    def step(chosen: np.ndarray) -> None:
        level = torch.randint(LEVELS, [BATCH])
        noise = torch.randn(BATCH, *pixels.shape[1:])
        share = kept[level].view(-1, 1, 1, 1)
        noisy = share.sqrt() * _scaled(pixels[chosen]) + (1 - share).sqrt() * noise
        optimizer.zero_grad()
        functional.mse_loss(model(noisy, level, classes[chosen]), noise).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        averaged.update_parameters(model)

    steps = _train(step, len(images), seconds)
    averaged.eval()
    levels = np.linspace(LEVELS - 1, -1, SAMPLER_STEPS + 1).round().astype(int)

    def draw(number: int) -> object:
        x = torch.randn(100, *pixels.shape[1:])
        label = torch.arange(100 * number, 100 * number + 100) % (int(labels.max()) + 1)
        for level, following in itertools.pairwise(levels):
            noise = averaged(x, torch.full([100], int(level)), label)
            share, after = kept[level], kept[following] if following >= 0 else torch.tensor(1.0)
            clean = ((x - (1 - share).sqrt() * noise) / share.sqrt()).clamp(-1, 1)
            noise = (x - share.sqrt() * clean) / (1 - share).sqrt()
            x = after.sqrt() * clean + (1 - after).sqrt() * noise
        return x

    with torch.inference_mode():
        drawn = [draw(number) for number in range(-(-count // 100))]
    return steps, _cropped(torch.cat(drawn)[:count], images)


PEERS: dict[str, Callable[..., tuple[int, np.ndarray]]] = {"gan": torch_gan, "diffusion": torch_diffusion}


def _seed() -> None:
    import torch

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    torch.manual_seed(0)


def _train(step: Callable[[np.ndarray], None], examples: int, seconds: float) -> int:
    """Take steps on shuffled batches until the time is over; return their number."""
    generator, count, end = np.random.default_rng(0), 0, time.perf_counter() + seconds
    while True:
        order = generator.permutation(examples)
        for start in range(0, examples - BATCH + 1, BATCH):
            if time.perf_counter() > end:
                return count
            step(order[start : start + BATCH])
            count += 1


def _padded(images: np.ndarray) -> object:
    """Return images as uint8 [image, channel, height, width], padded with black to a multiple of eight pixels."""
    import torch

    missing = -images.shape[1] % 8
    sides = (missing // 2, missing - missing // 2)
    return torch.from_numpy(np.pad(images, [(0, 0), sides, sides, (0, 0)])).permute(0, 3, 1, 2).contiguous()


def _scaled(pixels: object) -> object:
    return pixels.float() / 127.5 - 1


def _cropped(x: object, images: np.ndarray) -> np.ndarray:
    """Return generated images, float in [-1, 1], as uint8 of the size of the images."""
    start, side = (-images.shape[1] % 8) // 2, images.shape[1]
    pixels = ((x + 1) * 127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()
    return pixels[:, start : start + side, start : start + side]


def _unet(colours: int, classes: int) -> object:
    """Return a U-Net of three stages, with attention in the lowest."""
    import torch
    from torch import nn
    from torch.nn import functional

    features = 4 * CHANNELS

    class Block(nn.Module):
        def __init__(self, inputs: int, outputs: int):
            super().__init__()
            self.norms = nn.ModuleList([nn.GroupNorm(8, inputs), nn.GroupNorm(8, outputs)])
            self.first, self.second = nn.Conv2d(inputs, outputs, 3, 1, 1), nn.Conv2d(outputs, outputs, 3, 1, 1)
            self.condition = nn.Linear(features, outputs)
            self.shortcut = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

        def forward(self, x: object, condition: object) -> object:
            y = self.first(functional.silu(self.norms[0](x))) + self.condition(condition)[:, :, None, None]
            return self.second(functional.silu(self.norms[1](y))) + self.shortcut(x)

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            widths = (CHANNELS, 2 * CHANNELS, 2 * CHANNELS)
            self.time = nn.Sequential(nn.Linear(features, features), nn.SiLU(), nn.Linear(features, features))
            self.label = nn.Embedding(classes, features)
            self.enter = nn.Conv2d(colours, CHANNELS, 3, 1, 1)
            inputs = (CHANNELS, *widths[:-1])
            self.down = nn.ModuleList([Block(*pair) for pair in zip(inputs, widths, strict=True)])
            self.halve = nn.ModuleList([nn.Conv2d(width, width, 3, 2, 1) for width in widths])
            self.middle = nn.ModuleList([Block(widths[-1], widths[-1]) for _ in range(2)])
            self.norm = nn.GroupNorm(8, widths[-1])
            self.attention = nn.MultiheadAttention(widths[-1], 4, batch_first=True)
            up = [Block(2 * width, before) for width, before in zip(widths, inputs, strict=True)]
            self.up = nn.ModuleList(up)
            self.leave = nn.Sequential(nn.GroupNorm(8, CHANNELS), nn.SiLU(), nn.Conv2d(CHANNELS, colours, 3, 1, 1))

        def forward(self, x: object, level: object, label: object) -> object:
            angles = level[:, None] * torch.exp(-math.log(10_000) * torch.arange(features // 2) / (features // 2))
            waves = torch.cat([angles.sin(), angles.cos()], dim=1)
            condition = functional.silu(self.time(waves) + self.label(label))
            x, kept = self.enter(x), []
            for block, halve in zip(self.down, self.halve, strict=True):
                x = block(x, condition)
                kept.append(x)
                x = halve(x)
            x = self.middle[0](x, condition)
            flat = self.norm(x).flatten(2).transpose(1, 2)
            x = x + self.attention(flat, flat, flat, need_weights=False)[0].transpose(1, 2).reshape(x.shape)
            x = self.middle[1](x, condition)
            for block, before in zip(reversed(self.up), reversed(kept), strict=True):
                x = block(torch.cat([functional.interpolate(x, scale_factor=2), before], dim=1), condition)
            return self.leave(x)

    return Model()


if __name__ == "__main__":
    try:
        main()
    except ImportError as error:
        print(f"error: the benchmark compares with PyTorch: {error}", file=sys.stderr)
        sys.exit(2)
