"""Times the generation of samples against the same models in PyTorch, on the same cores.

    python tests/bench/sampling.py [--rounds 10] [--json]

A step of `gpt2` generates 60 tokens of 16 texts with the cache of keys and values, at temperature 1; one of `gan`
generates 500 images from noise and classes; one of `diffusion` 100 images by DDIM in 20 steps. The networks are those
of `transformer.py`, `gan.py` and `diffusion.py`, with random weights, which take as long as trained ones.

dlcli's step is the function that `dlcli sample` compiles; PyTorch's runs in inference mode, eagerly, and compiled by
`torch.compile`. `comparison.py` alternates between them.
"""

from __future__ import annotations

import itertools
import types
from collections.abc import Callable

import diffusion
import gan
import numpy as np
import transformer
from comparison import CORES, DEVICE, Comparison, Step, to_torch

TEXTS, TOKENS = 16, 60
IMAGES = {"gan": 500, "diffusion": 100}
SAMPLER_STEPS = 20
AMOUNTS = {"gpt2": (TEXTS * TOKENS, "tokens"), "gan": (IMAGES["gan"], "images"), "diffusion": (100, "images")}


def dlcli_step(network: str) -> Step:
    """Return the function that `dlcli sample` compiles, as a step."""
    from dlcli.engine import devices

    devices.prepare(DEVICE)
    step = {"gpt2": _dlcli_text, "gan": _dlcli_gan, "diffusion": _dlcli_diffusion}[network]()
    return step, lambda result: np.asarray(result)


def _dlcli_text() -> Callable[[], object]:
    import jax
    from flax import nnx

    from dlcli.data.text import tokenizers
    from dlcli.techniques.transformer.facts import TransformerFacts
    from dlcli.techniques.transformer.learner import Learner
    from dlcli.techniques.transformer.options import Train
    from dlcli.text_models.generation import Generator, Settings
    from dlcli.text_models.trained import TrainedTextModel

    size = transformer.VOCABULARY
    letters = tokenizers.train("characters", size, ["".join(map(chr, range(33, 33 + size)))])
    sizes = {"layers": transformer.LAYERS, "heads": transformer.HEADS, "d_model": transformer.WIDTH}
    options = Train(**sizes, context=transformer.TIME, preset="gpt2")
    learner = Learner(options, TransformerFacts(tokenizer=letters.to_json(), vocabulary=len(letters)))
    network = nnx.view(learner.network, deterministic=True)
    model = TrainedTextModel(types.SimpleNamespace(network=network), letters, transformer.TIME)
    generator, keys = Generator(model, False, None, False), jax.random.split(jax.random.key(0), TEXTS)
    prompts, settings = [[letters.special.first]] * TEXTS, Settings(*np.ones([2, TEXTS], np.float32))
    return lambda: np.concatenate(list(generator.blocks(prompts, settings, keys, TOKENS)), 1)


def _dlcli_gan() -> Callable[[], object]:
    from dlcli.data.images.batches import ImageFacts
    from dlcli.techniques.gan.facts import GanFacts
    from dlcli.techniques.gan.learner import Learner
    from dlcli.techniques.gan.options import Train
    from dlcli.techniques.gan.sample import generator

    options = Train(latent_dim=gan.LATENT, channels=gan.CHANNELS, conditional=True)
    learner = Learner(options, GanFacts(data=_facts(ImageFacts)))
    noise, labels = _noise(IMAGES["gan"], gan.LATENT), _labels(IMAGES["gan"])
    generate = generator(learner)
    return lambda: generate(noise, labels)


def _dlcli_diffusion() -> Callable[[], object]:
    from dlcli.data.domains import GenerativeFacts
    from dlcli.data.images.batches import ImageFacts
    from dlcli.techniques.diffusion.learner import Learner
    from dlcli.techniques.diffusion.options import Sample, Train
    from dlcli.techniques.diffusion.sampling import SamplerConfig, generator

    options = Train(channels=diffusion.CHANNELS, timesteps=diffusion.LEVELS, conditional=True)
    learner = Learner(options, GenerativeFacts(data=_facts(ImageFacts)))
    config = SamplerConfig.of(learner, Sample(run="run", sampler="ddim", sampler_steps=SAMPLER_STEPS))
    labels = _labels(IMAGES["diffusion"])
    generate = generator(learner, config)
    return lambda: generate(len(labels), labels, config.seed)


def _facts(make: Callable[..., object]) -> object:
    classes = tuple(map(str, range(gan.CLASSES)))
    return make(image=(gan.SIDE, gan.SIDE, 1), classes=classes, mean=(0.5,), std=(0.3,))


def _noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def _labels(count: int) -> np.ndarray:
    return np.arange(count, dtype=np.int32) % gan.CLASSES


def torch_step(network: str, compiled: bool) -> Step:
    """Return the same work in PyTorch."""
    import torch

    torch.set_num_threads(CORES)
    torch.manual_seed(0)
    step = {"gpt2": _torch_text, "gan": _torch_gan, "diffusion": _torch_diffusion}[network](compiled)

    def without_gradients() -> object:
        with torch.inference_mode():
            return step()

    return without_gradients, lambda result: result.cpu()


def _torch_text(compiled: bool) -> Callable[[], object]:
    """Return the generation of nanoGPT's model with preallocated keys and values."""
    import torch
    from torch.nn import functional

    model = transformer._nanogpt().eval()
    heads, time, width = transformer.HEADS, transformer.TIME, transformer.WIDTH
    shape = (transformer.LAYERS, 2, TEXTS, heads, time, width // heads)

    def following(tokens: object, position: object, cache: object) -> object:
        x = model.table(tokens)[:, None] + model.places(position)
        mask = torch.arange(time)[None] <= position[:, None]
        for block, kept in zip(model.blocks, cache, strict=True):
            parts = block.attention.project(block.norms[0](x)).split(width, dim=2)
            query, key, value = (each.view(TEXTS, 1, heads, -1).transpose(1, 2) for each in parts)
            for part, new in zip(kept, (key, value), strict=True):
                part.index_copy_(2, position, new)
            found = functional.scaled_dot_product_attention(query, kept[0], kept[1], attn_mask=mask)
            x = x + block.attention.out(found.transpose(1, 2).reshape(x.shape))
            x = x + block.wide(block.norms[1](x))
        logits = functional.linear(model.norm(x), model.table.weight)[:, 0]
        return torch.multinomial(torch.softmax(logits, dim=-1), 1)[:, 0]

    step = torch.compile(following) if compiled else following

    def generate() -> object:
        cache = torch.zeros(shape)
        tokens, drawn = torch.zeros(TEXTS, dtype=torch.long), []
        for position in range(TOKENS):
            tokens = step(tokens, torch.tensor([position]), cache)
            drawn.append(tokens)
        return torch.stack(drawn, dim=1)

    return generate


def _torch_gan(compiled: bool) -> Callable[[], object]:
    import torch

    model = gan._generator().eval()
    forward = torch.compile(model) if compiled else model
    noise, labels = to_torch(_noise(IMAGES["gan"], gan.LATENT)), to_torch(_labels(IMAGES["gan"])).long()

    def generate() -> object:
        images = [
            forward(noise[start : start + 100], labels[start : start + 100]) for start in range(0, len(noise), 100)
        ]
        return ((torch.cat(images) + 1) * 127.5).round().clamp(0, 255).byte()

    return generate


def _torch_diffusion(compiled: bool) -> Callable[[], object]:
    """Return DDIM sampling of a network that predicts velocities: Song et al. 2020, arXiv:2010.02502, equation 12."""
    import torch

    model = diffusion._unet().eval()
    forward = torch.compile(model) if compiled else model
    signals, noises = map(to_torch, diffusion._cosine_path())
    levels = np.linspace(diffusion.LEVELS, 0, SAMPLER_STEPS + 1).round().astype(int).tolist()
    labels = to_torch(_labels(IMAGES["diffusion"])).long()
    start = to_torch(_noise(len(labels), 1, diffusion.SIDE, diffusion.SIDE))

    def generate() -> object:
        x = start
        for level, following in itertools.pairwise(levels):
            velocity = forward(x, torch.full([len(x)], level / diffusion.LEVELS), labels)
            clean = (signals[level] * x - noises[level] * velocity).clamp(-1, 1)
            noise = (x - signals[level] * clean) / noises[level]
            x = signals[following] * clean + noises[following] * noise
        return ((x + 1) * 127.5).round().clamp(0, 255).byte()

    return generate


if __name__ == "__main__":
    what = {
        "gpt2": f"{TOKENS} tokens of {TEXTS} texts, {transformer.LAYERS} layers, width {transformer.WIDTH}",
        "gan": f"{IMAGES['gan']} images {(gan.SIDE, gan.SIDE, 1)}",
        "diffusion": f"{IMAGES['diffusion']} images {(diffusion.SIDE, diffusion.SIDE, 1)}, {SAMPLER_STEPS} DDIM steps",
    }
    Comparison(__file__, what, dlcli_step, torch_step, {"amounts": AMOUNTS}).run()
