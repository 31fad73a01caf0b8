"""Tables of numbers by name: `--dataset NAME` to splits of examples."""

from __future__ import annotations

from dlcli.data import sources
from dlcli.data.problems import Problem, few_examples, no_examples, one_class, refuse, summarized
from dlcli.data.tabular.builder import Builder, ReadOptions
from dlcli.data.tabular.sets import TabularSet, divide
from dlcli.errors import UsageError
from dlcli.notices import warn

DEFAULT = ReadOptions()


def builders() -> tuple[Builder, ...]:
    """Return the builder of each file in `dlcli.data.tabular.sources`."""
    return sources.builders("dlcli.data.tabular.sources")


def embedded() -> dict[str, str]:
    """Return the names of the tables that need no download, each with one line of description."""
    return sources.embedded(builders())


def recognizes(dataset: str) -> bool:
    """Return whether a name is that of a table of numbers; a file is opened for that."""
    return any(builder.matches(dataset) and builder.recognizes(dataset) for builder in builders())


def open(dataset: str, options: ReadOptions = DEFAULT) -> TabularSet:
    """Open a table.

    Raises:
        UsageError: no table has this name.
        DatasetError: the table is missing, or cannot be used for training.
    """
    table, problems = find(dataset, options)
    refuse(dataset, problems, skip_bad=options.skip_bad, flags=options.flags)
    refuse(dataset, [*one_class(table.classes), *few_examples(table.classes, table.counts("train"))])
    for note in summarized(problems):
        warn(note)
    return table


def find(dataset: str, options: ReadOptions = DEFAULT) -> tuple[TabularSet, list[Problem]]:
    """Open a table as `open` does, but return its problems instead of raising them; it lacks rows with problems."""
    builder = sources.matching(builders(), dataset)
    if builder is None:
        raise sources.unknown("a table", sources.forms(builders()), dataset, embedded())
    if options.target_column is not None and not builder.named_columns:
        raise UsageError(f"--target-column needs a table with a header, and the target of {dataset} is fixed")
    source, problems = builder.read(dataset, options)
    if wrong := _empty(source.parts["train"].features):
        return TabularSet(dataset, source.features, source.target, (), {}), [*problems, *wrong]
    table, wrong = divide(dataset, source, options.task)
    return table, [*problems, *wrong, *(each for name, size in table.sizes.items() for each in no_examples(name, size))]


def _empty(features: object) -> list[Problem]:
    fewest = 5  # rows: at least three for training, and one for each other split
    count = len(features)  # type: ignore[arg-type]
    message = f"a table needs at least {fewest} usable rows, found {count}"
    return [] if count >= fewest else [Problem("few examples", "train", "train", message)]
