"""Names of the embedded data sets: those that need no download and are no files.

The files of `dlcli.data` describe and read them. The names are here, because options and run folders, which load no
data, distinguish them from paths.
"""

from typing import Literal, get_args

DensityName = Literal["grid", "ring"]

IMAGES = ("digits", "shapes")
TEXTS = ("pydocs",)
PAIRS = ("dates",)
TABLES = ("breast-cancer", "diabetes", "iris", "wine")
PLANE = ("circles", "moons", "spirals", "xor")  # points in the plane, with classes
DENSITIES: tuple[DensityName, ...] = get_args(DensityName)  # in the plane, to draw points from
EMBEDDED = frozenset((*IMAGES, *TEXTS, *PAIRS, *TABLES, *PLANE, *DENSITIES))
