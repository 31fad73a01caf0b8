"""Random changes to training images, as they are named on the command line."""

import sys

# Name -> default strength: degrees, share of brightness, share of size, standard deviation of
# pixels in [0, 1], pixels, probability, share of the side, and the Beta parameter of mixup.
AUGMENTATIONS: dict[str, float] = {
    "rotate": 10.0,
    "light": 0.2,
    "zoom": 0.1,
    "noise": 0.05,
    "shift": 1.0,
    "flip": 0.5,
    "cutout": 0.3,
    "mixup": 0.2,
}
# The highest strengths that mean something: no probability exceeds 1, and a factor of 0 leaves no image.
_STRONGEST = {"light": 1.0, "zoom": 0.9, "flip": 1.0, "cutout": 1.0}


def parse_augmentation(text: str) -> dict[str, float]:
    """Split "rotate:15,flip" into names and strengths, in the order of `AUGMENTATIONS`.

    Raises:
        ValueError: an unknown name, or a strength out of its bounds.
    """
    chosen = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, _, strength = item.partition(":")
        if name not in AUGMENTATIONS:
            raise ValueError(f"{name!r} is not one of {', '.join(AUGMENTATIONS)}")
        try:
            chosen[name] = float(strength) if strength else AUGMENTATIONS[name]
        except ValueError:
            raise ValueError(f"the strength of {name} must be a number, got {strength!r}") from None
        if not 0 < chosen[name] <= _STRONGEST.get(name, sys.float_info.max):
            bound = f" and at most {_STRONGEST[name]:g}" if name in _STRONGEST else ""
            raise ValueError(f"the strength of {name} must be positive{bound}, got {strength}")
        if name == "shift" and chosen[name] % 1:
            raise ValueError(f"the strength of shift must be a whole number of pixels, got {strength}")
    return {name: chosen[name] for name in AUGMENTATIONS if name in chosen}
