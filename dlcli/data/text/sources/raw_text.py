"""A `.txt` file: one raw text.

The first 90 % of its characters are the training split, the rest is the validation split, as in nanoGPT. There is no
test split: its text would be missing in training or in validation, and published figures use this division. `eval`
measures on `validation` instead, and names the split.
"""

from __future__ import annotations

from collections.abc import Mapping

from dlcli.data import text_files
from dlcli.data.problems import Problem
from dlcli.data.splits import ALIASES, RAW_TRAIN
from dlcli.data.text.builder import TextBuilder
from dlcli.data.text.columns import ReadOptions
from dlcli.data.text.large import large_texts
from dlcli.data.text.sets import Documents, TextSet


def matches(dataset: str) -> bool:
    """Return whether a name is that of a raw text file."""
    path = text_files.located(dataset)
    return text_files.extension(path) == text_files.RAW and not path.is_dir()


def find(dataset: str, options: ReadOptions) -> tuple[TextSet, list[Problem]]:
    """Read the file, or survey a large one."""
    path = text_files.located(dataset)
    if not options.in_memory and large_texts.is_large([path]):
        return large_texts.raw(dataset, {"train": path}), []
    text, problems = text_files.raw(path)
    return raw_text_set(dataset, {"train": text}), problems


def raw_text_set(name: str, texts: Mapping[str, str]) -> TextSet:
    """Build a text set from the raw text of each split; a missing validation split is cut off the training text."""
    parts = dict(texts)
    if "validation" not in parts:
        cut = int(RAW_TRAIN * len(parts["train"]))
        parts |= {"train": parts["train"][:cut], "validation": parts["train"][cut:]}
    in_order = [split for split in ALIASES if split in parts]
    return TextSet(name, {split: Documents((parts[split],), places=(f"{split} of {name}",)) for split in in_order})


BUILDER = TextBuilder("a .txt file", matches, find)
