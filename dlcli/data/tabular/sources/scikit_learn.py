"""The small tables of scikit-learn: iris, wine, breast-cancer, diabetes.

Reference: https://scikit-learn.org/stable/datasets/toy_dataset.html. The first three are of the UCI repository,
diabetes is of Efron et al., "Least Angle Regression", 2004.
"""

from __future__ import annotations

import numpy as np

from dlcli.data.problems import Problem
from dlcli.data.tabular.builder import Builder, ReadOptions, Rows, Source
from dlcli.options.datasets import TABLES

_TABLES = {
    "iris": "150 flowers: 4 lengths, 3 species",
    "wine": "178 wines: 13 measurements, 3 cultivars",
    "breast-cancer": "569 tumors: 30 measurements, malignant or benign",
    "diabetes": "442 patients: 10 measurements, disease progression after a year (regression)",
}
_TARGETS = {"iris": "species", "wine": "cultivar", "breast-cancer": "diagnosis", "diabetes": "progression"}


def read(dataset: str, options: ReadOptions) -> tuple[Source, list[Problem]]:
    """Load the table; the targets of a classification are the names of the classes."""
    from sklearn import datasets  # takes seconds to import

    # Diabetes unscaled: in the units of the measurements, so that rows can be typed for `predict`.
    more = {"scaled": False} if dataset == "diabetes" else {}
    found = getattr(datasets, f"load_{dataset.replace('-', '_')}")(**more)
    target = found.target if dataset == "diabetes" else np.asarray(found.target_names, object)[found.target].astype(str)
    places = [f"row {number}" for number in range(len(target))]
    rows = Rows(np.asarray(found.data, np.float64), target, places)
    return Source(tuple(map(str, found.feature_names)), _TARGETS[dataset], {"train": rows}), []


BUILDER = Builder(
    form=", ".join(TABLES),
    matches=lambda dataset: dataset in TABLES,
    read=read,
    embedded={name: f"scikit-learn: {text}" for name, text in _TABLES.items()},
)
