"""Defaults of `train cnn` for photographs.

The default network and no augmentation suit digits and small grayscale images. Of a few hundred photographs such a
network memorizes each; with batch normalization, mirror images and shifts it generalizes. Larger images have a
network whose first layers reduce their height and width.
"""

from __future__ import annotations

from typing import Any

from dlcli.data.images.batches import ImageFacts
from dlcli.notices import warn
from dlcli.options.fields import flag
from dlcli.techniques.cnn.options import Train

_SIDE, _COLOURS = 48, 3  # pixels and channels from which images count as photographs
_LARGE = 80  # pixels above which the network of small images takes too much time and memory
_SHIFT = 0.1  # of the side


def defaults(options: Train, facts: ImageFacts) -> dict[str, Any]:
    """Return the options that photographs determine, by name; none for other images, and none that is given."""
    height, width, channels = facts.image
    if channels < _COLOURS or min(height, width) < _SIDE or options.init_from:
        return {}
    small = max(height, width) <= _LARGE
    network = {"arch": "airbench"} if small else {"arch": "resnet", "depth": 18}
    found: dict[str, Any] = {"augment": f"flip,shift:{round(_SHIFT * min(height, width))}"}
    if not options.backbone_from and not options.model_fields_set & set(Train.architecture) - {"image_size"}:
        found |= {**network, "channels": 16}
    return {name: value for name, value in found.items() if name not in options.model_fields_set}


def note(chosen: dict[str, Any], facts: ImageFacts) -> None:
    """Name the chosen options."""
    if chosen:
        flags = " ".join(f"{flag(name)} {value}" for name, value in chosen.items())
        warn(f"defaults for photographs ({facts.image[0]}×{facts.image[1]} pixels in colour): {flags}")
