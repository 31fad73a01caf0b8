"""The tensors of a model folder, taken one by one, so that what is missing or not used can be named."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dlcli.errors import RunError


class Source:
    """The tensors of a file by name, and the parameters that are made of them.

    Attributes:
        weights: parameters by path within the learner.
    """

    def __init__(self, path: Path, tensors: Mapping[str, np.ndarray], prefixes: tuple[str, ...] = ("",)):
        """Take the tensors; `prefixes` are those that a name may have in the file, such as "bert."."""
        self._path, self._tensors, self._prefixes = path, tensors, prefixes
        self._used: set[str] = set()
        self.weights: dict[str, np.ndarray] = {}

    def __contains__(self, name: str) -> bool:
        return self._find(name) is not None

    def take(self, name: str) -> np.ndarray:
        """Return a tensor; raise `RunError` if the file lacks it."""
        found = self._find(name)
        if found is None:
            raise RunError(f"{self._path} lacks the tensor {name}, which its model_type has")
        self._used.add(found)
        return self._tensors[found]

    def array(self, path: str, name: str) -> None:
        """Set a parameter to a tensor."""
        self.weights[path] = self.take(name)

    def linear(self, path: str, name: str, *, bias: bool = True, transpose: bool = True) -> None:
        """Set the kernel and the bias of a linear layer; PyTorch has [output, input], `Conv1D` [input, output]."""
        kernel = self.take(f"{name}.weight")
        self.weights[f"{path}/kernel"] = kernel.T if transpose else kernel
        if bias:
            self.array(f"{path}/bias", f"{name}.bias")

    def norm(self, path: str, name: str, *, bias: bool = True) -> None:
        """Set the scale and the bias of a normalization."""
        self.array(f"{path}/scale", f"{name}.weight")
        if bias:
            self.array(f"{path}/bias", f"{name}.bias")

    @property
    def unused(self) -> list[str]:
        """The names of the tensors that were not taken."""
        return sorted(self._tensors.keys() - self._used)

    def _find(self, name: str) -> str | None:
        return next((f"{prefix}{name}" for prefix in self._prefixes if f"{prefix}{name}" in self._tensors), None)


def require(config: Mapping[str, Any], **expected: Any) -> None:
    """Raise `RunError` if an entry of `config.json` is there and has none of the expected values.

    Args:
        config: the entries.
        **expected: by name, the value, or a tuple of those that are allowed.
    """
    for name, values in expected.items():
        allowed = values if isinstance(values, tuple) else (values,)
        if name in config and config[name] not in allowed:
            raise RunError(f"config.json must have {name} = {' or '.join(map(str, allowed))}, found {config[name]!r}")


def size(config: Mapping[str, Any], *names: str) -> int:
    """Return the first of some entries that `config.json` has, a positive whole number; raise `RunError` if none is."""
    for name in names:
        value = config.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    raise RunError(f"config.json must have {' or '.join(names)} as a whole number above 0")


def number(config: Mapping[str, Any], name: str, default: float) -> float:
    """Return an entry of `config.json` that is a number; raise `RunError` if it is something else."""
    value = config.get(name)
    if value is None:
        return default
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise RunError(f"config.json must have a number as {name}, found {value!r}")
    return float(value)
