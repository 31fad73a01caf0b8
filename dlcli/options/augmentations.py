"""Data augmentations by their names on the command line."""

import sys

# Default strengths: degrees, fraction of the brightness, fraction of the size, standard deviation of pixels in [0, 1],
# pixels, probability, fraction of the side, the Beta parameter of mixup, fraction of each side that is cropped away,
# fraction of the saturation and of half a turn of the hue, the Beta parameter of CutMix, and the magnitude of
# RandAugment in [0, 1]; alternating-flip has none.
AUGMENTATIONS: dict[str, float] = {
    "rotate": 10.0,
    "light": 0.2,
    "zoom": 0.1,
    "noise": 0.05,
    "shift": 1.0,
    "flip": 0.5,
    "cutout": 0.3,
    "mixup": 0.2,
    "crop": 0.2,
    "jitter": 0.2,
    "cutmix": 1.0,
    "randaugment": 0.3,
    "alternating-flip": 1.0,
}
# Augmentations whose gradient by the pixels is useful, and which need no targets: those of a GAN.
DIFFERENTIABLE = ("cutout", "flip", "light", "shift", "rotate", "zoom")
# Largest valid strengths: no probability exceeds 1, and a factor of 0 leaves no image.
MAXIMUM = {"light": 1.0, "zoom": 0.9, "flip": 1.0, "cutout": 1.0, "crop": 0.9, "jitter": 1.0, "randaugment": 1.0}


def parse_augmentation(text: str) -> dict[str, float]:
    """Parse "rotate:15,flip" to strengths by name, in the order of `AUGMENTATIONS`.

    Raises:
        ValueError: a name is unknown, or a strength is out of its bounds.
    """
    chosen = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, _, strength = item.partition(":")
        if name not in AUGMENTATIONS:
            raise ValueError(f"{name!r} is not one of {', '.join(sorted(AUGMENTATIONS))}")
        if strength and name == "alternating-flip":
            raise ValueError(f"alternating-flip has no strength, got {strength}")
        try:
            chosen[name] = float(strength) if strength else AUGMENTATIONS[name]
        except ValueError:
            raise ValueError(f"the strength of {name} must be a number, got {strength!r}") from None
        if not 0 < chosen[name] <= MAXIMUM.get(name, sys.float_info.max):
            bound = f" and at most {MAXIMUM[name]:g}" if name in MAXIMUM else ""
            raise ValueError(f"the strength of {name} must be positive{bound}, got {strength}")
        if name == "shift" and chosen[name] % 1:
            raise ValueError(f"the strength of shift must be a whole number of pixels, got {strength}")
    return {name: chosen[name] for name in AUGMENTATIONS if name in chosen}
