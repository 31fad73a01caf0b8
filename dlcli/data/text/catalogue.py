"""Text sets and sets of pairs by name: `--dataset NAME` to splits of texts or of pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from dlcli.data import sources
from dlcli.data.problems import Problem, refuse, summarized
from dlcli.data.text.builder import PairBuilder, TextBuilder
from dlcli.data.text.columns import DEFAULT, ReadOptions
from dlcli.data.text.pairs import PairSet
from dlcli.data.text.sets import TextSet
from dlcli.notices import warn
from dlcli.options.fields import listed

Modality = Literal["text", "pairs"]

_SOURCES = "dlcli.data.text.sources"


def text_builders() -> list[TextBuilder]:
    """Return the sources of texts."""
    return [builder for builder in sources.builders(_SOURCES) if isinstance(builder, TextBuilder)]


def pair_builders() -> list[PairBuilder]:
    """Return the sources of pairs."""
    return [builder for builder in sources.builders(_SOURCES) if isinstance(builder, PairBuilder)]


def embedded(modality: Modality | None = None) -> dict[str, str]:
    """Return the names of the sets that need no download, each with one line of description."""
    builders: list[TextBuilder | PairBuilder] = []
    builders += text_builders() if modality != "pairs" else []
    builders += pair_builders() if modality != "text" else []
    return sources.embedded(builders)


def modality(dataset: str, options: ReadOptions = DEFAULT) -> Modality | None:
    """Return what a set contains, by its name, the columns that options name, and the header of a table.

    Returns:
        "text", "pairs", or None if the name has neither form.
    """
    if any(builder.matches(dataset) and builder.recognizes(dataset, options) for builder in pair_builders()):
        return "pairs"
    return "text" if any(builder.matches(dataset) for builder in text_builders()) else None


def open_texts(dataset: str, options: ReadOptions = DEFAULT) -> TextSet:
    """Open a text set.

    Raises:
        UsageError: no text set has this name.
        DatasetError: a file is missing, empty or malformed.
    """
    texts, problems = find_texts(dataset, options)
    _report(dataset, problems, options)
    return texts


def open_pairs(dataset: str, options: ReadOptions = DEFAULT) -> PairSet:
    """Open a set of pairs.

    Raises:
        UsageError: no set of pairs has this name.
        DatasetError: a file is missing, empty or malformed.
    """
    pairs, problems = find_pairs(dataset, options)
    _report(dataset, problems, options)
    return pairs


def find_texts(dataset: str, options: ReadOptions = DEFAULT) -> tuple[TextSet, list[Problem]]:
    """Open a text set as `open_texts` does, but return the problems of its documents instead of raising them.

    The set lacks the documents that cannot be used.
    """
    texts, problems = _builder("a text set", text_builders(), dataset).find(dataset, options)
    return texts, [*problems, *_empty(texts)]


def find_pairs(dataset: str, options: ReadOptions = DEFAULT) -> tuple[PairSet, list[Problem]]:
    """Open a set of pairs as `open_pairs` does, but return the problems of its pairs instead of raising them.

    The set lacks the pairs that cannot be used.
    """
    return _builder("a set of pairs", pair_builders(), dataset).find(dataset, options)


def _report(dataset: str, problems: Sequence[Problem], options: ReadOptions) -> None:
    refuse(dataset, problems, skip_bad=options.skip_bad, flags=options.flags)
    for note in summarized(problems):
        warn(note)


def _builder(what: str, builders: Sequence[Any], dataset: str) -> Any:
    found = sources.matching(builders, dataset)
    if found is None:
        raise sources.unknown(what, sources.forms(builders), dataset, sources.embedded(builders))
    return found


def _empty(texts: TextSet) -> list[Problem]:
    """Return a problem for each empty split and each empty text."""
    problems = []
    if empty := [name for name, split in texts.splits.items() if not len(split)]:
        message = f"{listed(empty, 'and')} must contain at least one text, found none"
        problems.append(Problem("few examples", empty[0] if len(empty) == 1 else "", ", ".join(empty), message))
    for name, split in texts.splits.items():
        for place in split.blank():
            problems.append(Problem("empty", name, place, f"{place} must contain text, and is empty"))
    return problems
