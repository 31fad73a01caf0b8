from __future__ import annotations

from dlcli.data import catalogue
from dlcli.options import datasets


def test_the_names_of_the_options_are_those_of_the_embedded_sets():
    assert catalogue.embedded().keys() == datasets.EMBEDDED


def test_each_embedded_set_has_the_modality_under_which_the_options_name_it():
    names = {
        "images": datasets.IMAGES,
        "text": datasets.TEXTS,
        "pairs": datasets.PAIRS,
        "tabular": (*datasets.TABLES, *datasets.PLANE),
        "points": datasets.DENSITIES,
    }
    found = {name: catalogue.modality(name, None) for name in datasets.EMBEDDED}
    assert found == {name: modality for modality, group in names.items() for name in group}
