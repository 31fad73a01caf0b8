"""The denoising network of `train diffusion`."""

from __future__ import annotations

from flax import nnx

from dlcli.data.domains import Domain, ImageDomain
from dlcli.errors import UsageError
from dlcli.nn.unet import PointMLP, UNet, UNetConfig
from dlcli.techniques.diffusion.options import Train


def network(options: Train, domain: Domain, rngs: nnx.Rngs) -> nnx.Module:
    """Return an untrained U-Net for images, or an MLP for points.

    Raises:
        UsageError: the images are too small for the number of stages.
    """
    if not isinstance(domain, ImageDomain):
        return PointMLP(4 * options.channels, options.stages * options.blocks, dtype=options.dtype, rngs=rngs)
    try:
        config = UNetConfig(
            image=domain.facts.image,
            channels=options.channels,
            stages=options.stages,
            blocks=options.blocks,
            attention=options.attention,
            attention_stages=options.attention_stages,
            patch=options.patch_size,
            classes=len(domain.classes) if options.conditional else 0,
            dtype=options.dtype,
            remat=options.remat,
        )
    except ValueError as error:
        raise UsageError(f"the U-Net does not fit: {error}") from error
    return UNet(config, rngs=rngs)
