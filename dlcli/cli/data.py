"""List, show, check and download data sets: `dlcli data COMMAND`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, model_validator

from dlcli import formats
from dlcli.artifacts import Table
from dlcli.cli import output, progress, verbs
from dlcli.cli.typer_options import Call
from dlcli.errors import DatasetError, UsageError
from dlcli.options.common import Cli, DataDir, Options, SkipBadOptions
from dlcli.options.tables import LabelColumnOptions, PairColumnOptions, TargetColumn

if TYPE_CHECKING:
    from dlcli.data.problems import Problem

_MAX_LISTED = 20  # problems of each kind, and classes of a set


class List(Options):
    """List the available data sets: embedded ones, densities, and those prepared by tensorflow-datasets."""

    data_dir: DataDir = None


class Named(Options):
    """One data set."""

    name: Annotated[
        str,
        Field(
            description="Data set: an embedded name, tfds:NAME, folder:PATH, an .npz, .zip, .tar or .parquet file, a "
            "table, a text file or a folder of them."
        ),
        Cli(argument=True, metavar="NAME", complete="datasets"),
    ]
    data_dir: DataDir = None


class _Read(LabelColumnOptions, PairColumnOptions, Named):
    target_column: TargetColumn = None
    image_size: Annotated[int | None, Field(ge=4, le=1024, description="Side in pixels that images are scaled to.")] = (
        None
    )

    @model_validator(mode="after")
    def _texts_or_pairs(self) -> _Read:
        one, other = (self.text_column or self.label_column, self.source_column or self.target_column)
        if one and other:
            raise ValueError("give --text-column and --label-column, or --source-column and --target-column, not both")
        return self


class Show(SkipBadOptions, _Read):
    """Show the splits, sizes and classes of a data set."""


class Check(_Read):
    """Check a data set: read every example and list every problem; exit code 3 if there are any."""


class Prepare(Named):
    """Download a set of tensorflow-datasets and write it in the form that training reads."""


def list_(options: List, call: Call) -> None:
    """Print one row per data set."""
    from dlcli.data import catalogue

    rows = [(name, "embedded", text) for name, text in catalogue.embedded().items()]
    rows += [(name, "prepared", "") for name in catalogue.prepared(options.data_dir)]
    numbers = {"datasets": [{"name": name, "kind": kind} for name, kind, _ in rows]}
    output.write(Table("", ["name", "kind", ""], rows, numbers), call)


def show(options: Show, call: Call) -> None:
    """Print the examples of each class in each split."""
    with progress.working("reading"):
        tables = {"images": _images, "pairs": _pairs, "points": _points, "tabular": _tabular, "text": _texts}
        table = tables[_modality(options)](options)
    output.write(table, call)


def _modality(options: _Read) -> str:
    """Return the modality of a data set; refuse options of others."""
    from dlcli.data import catalogue
    from dlcli.data.text.columns import ReadOptions

    reading = ReadOptions.of(options)
    modality = catalogue.modality(options.name, options.data_dir, reading)
    fitting = {
        "text": ("--text-column", "--label-column"),
        "pairs": ("--source-column", "--target-column"),
        "tabular": ("--target-column",),
    }
    has = {"tabular": "numbers"}.get(modality, modality)
    for flag in reading.flags[::2]:
        if flag not in fitting.get(modality, ()):
            needed = {"--source-column": "pairs", "--target-column": "pairs or numbers"}.get(flag, "texts")
            raise UsageError(f"{flag} needs a table of {needed}, but {options.name} has {has}")
    if options.image_size is not None and modality != "images":
        raise UsageError(f"--image-size needs images, but {options.name} has {has}")
    return modality


def _images(options: Show) -> Table:
    from dlcli.data.images import catalogue
    from dlcli.data.images.folder_layout import UNLABELLED

    images = catalogue.open(
        options.name, options.data_dir, options.image_size, memory_limit=2**31, skip_bad=options.skip_bad
    )
    counts = {name: split.counts().tolist() for name, split in images.splits.items()}
    shape = list(images.image)
    classes = (
        "no classes"
        if images.classes == (UNLABELLED,)
        else "1 class"
        if len(images.classes) == 1
        else f"{len(images.classes)} classes"
    )
    title = f"{options.name}: images {' × '.join(map(str, shape))}, {classes}"
    numbers = {
        "name": options.name,
        "kind": "images",
        "image": shape,
        "classes": list(images.classes),
        "examples": counts,
    }
    rows = [*_by_class(images.classes, counts), ("all", *(sum(each) for each in counts.values()))]
    return Table(title, ["class", *counts], rows, numbers)


def _texts(options: Show) -> Table:
    from dlcli.data.text.catalogue import open_texts
    from dlcli.data.text.columns import ReadOptions

    texts = open_texts(options.name, ReadOptions.of(options))
    counts = {name: texts.counts(name) for name in texts.splits}
    characters = {name: split.characters for name, split in texts.splits.items()}
    rows = [
        *_by_class(texts.classes, counts),
        ("documents", *(f"{size:,}" for size in texts.sizes.values())),
        ("characters", *(f"{count:,}" for count in characters.values())),
    ]
    title = f"{options.name}: text{_classes(len(texts.classes), sum(texts.sizes.values()))}"
    numbers = {"name": options.name, "kind": "text", "classes": list(texts.classes), "characters": characters}
    numbers["documents"] = texts.sizes
    return Table(title, ["class" if texts.classes else "", *counts], rows, {**numbers, "examples": counts})


def _classes(classes: int, rows: int) -> str:
    if not classes:
        return ""
    if classes > rows // 2:
        return f", {classes:,} different labels in {rows:,} rows: is this the class column?"
    return f", {classes:,} class{'es' * (classes > 1)}"


def _points(options: Show) -> Table:
    from dlcli.data import densities

    facts = densities.mixture(options.name)
    title = f"{options.name}: {densities.NAMES[options.name]}; points are drawn on demand"
    rows = [(number, *mode) for number, mode in enumerate(facts.modes)]
    return Table(title, ["mode", "x", "y"], rows, {"name": options.name, "kind": "points", **facts.model_dump()})


def _pairs(options: Show) -> Table:
    from dlcli.data.text.catalogue import open_pairs
    from dlcli.data.text.columns import ReadOptions

    found = open_pairs(options.name, ReadOptions.of(options))
    sides = {"source": "sources", "target": "targets"}
    characters = {
        side: {name: sum(map(len, getattr(split, texts))) for name, split in found.splits.items()}
        for side, texts in sides.items()
    }
    rows = [("pairs", *(f"{size:,}" for size in found.sizes.values()))]
    rows += [(f"characters, {side}", *(f"{n:,}" for n in counts.values())) for side, counts in characters.items()]
    first = next(iter(found.splits.values()))
    title = f"{options.name}: pairs, such as {first.sources[0][:40]!r} → {first.targets[0][:40]!r}"
    numbers = {"name": options.name, "kind": "pairs", "pairs": found.sizes, "characters": characters}
    return Table(title, ["", *found.splits], rows, numbers)


def _tabular(options: Show) -> Table:
    from dlcli.data.tabular import batches, catalogue
    from dlcli.data.tabular.builder import ReadOptions

    found = catalogue.open(options.name, ReadOptions.of(options))
    facts = batches.describe(found)
    counts = {name: found.counts(name) for name in found.splits}
    rows = [*_by_class(found.classes, counts), ("all", *found.sizes.values())]
    columns = [
        (name, *written)
        for name, *written in zip(facts.features, *map(formats.column, (facts.mean, facts.std)), strict=True)
    ]
    more = [(f"… {len(columns) - _MAX_LISTED} more", "", "")] if len(columns) > _MAX_LISTED else []
    below = Table("features, in the training split", ["column", "mean", "std"], [*columns[:_MAX_LISTED], *more])
    target = f"{len(found.classes)} classes" if found.classes else "a number (regression)"
    title = f"{options.name}: {len(found.features)} features; target {found.target}: {target}"
    numbers = {"name": options.name, "kind": "tabular", "task": found.task, "sizes": found.sizes, "examples": counts}
    numbers |= facts.model_dump()
    return Table(title, ["class" if found.classes else "", *found.splits], rows, numbers, [below])


def _by_class(classes: Sequence[str], counts: Mapping[str, Sequence[int]]) -> list[tuple[Any, ...]]:
    """Return one row per class, of the first `_MAX_LISTED` classes."""
    rows: list[tuple[Any, ...]] = [
        (name, *(each[index] for each in counts.values())) for index, name in enumerate(classes[:_MAX_LISTED])
    ]
    if len(classes) > _MAX_LISTED:
        rows.append((f"… {len(classes) - _MAX_LISTED} more", *[""] * len(counts)))
    return rows


def check(options: Check, call: Call) -> None:
    """Print every problem."""
    with progress.working("reading every example"):
        from dlcli.data.images import check as images
        from dlcli.data.tabular import check as tabular
        from dlcli.data.tabular.builder import ReadOptions as TabularReadOptions
        from dlcli.data.text import check as text
        from dlcli.data.text.columns import ReadOptions

        reading = ReadOptions.of(options)
        checks: dict[str, Callable[[], list[Problem]]] = {
            "images": lambda: images.check(options.name, options.data_dir, options.image_size),
            "pairs": lambda: text.check(options.name, reading),
            "text": lambda: text.check(options.name, reading),
            "points": list,  # drawn from a formula
            "tabular": lambda: tabular.check(options.name, TabularReadOptions.of(options)),
        }
        modality = _modality(options)
        findings = checks[modality]()
    found = [dataclasses.asdict(finding) for finding in findings]
    kinds = list(dict.fromkeys(f.kind for f in findings))
    rows = [
        (kind, finding.split, finding.message)
        for kind in kinds
        for finding in [f for f in findings if f.kind == kind][:_MAX_LISTED]
    ]
    omitted = len(findings) - len(rows)
    if omitted:
        rows.append(("…", "", f"{omitted} more; --json lists them all"))
    numbers = {"name": options.name, "kind": modality, "problems": found}
    if findings:
        output.write(Table("", ["kind", "split", "problem"], rows, numbers), call)
    problems = sum(not finding.harmless for finding in findings)
    if problems:
        counted = f"{problems:,} problem{'s' * (problems > 1)}"
        output.fail(DatasetError(f"{options.name} ({modality}) has {counted}"), call)
    if not findings or not call.json:
        sound = "no problems, only the notes above" if findings else "no problems"
        output.write(Table("", ["data set", "kind", ""], [(options.name, modality, sound)], numbers), call)


def prepare(options: Prepare, call: Call) -> None:
    """Prepare a data set and print its folder."""
    if not options.name.startswith("tfds:"):
        raise UsageError(f"NAME must be tfds:NAME, since only those sets need preparing, got {options.name!r}")
    with progress.working("preparing"):
        from dlcli.data.images.sources import tfds

        folder: Path = tfds.prepare(options.name.removeprefix("tfds:"), options.data_dir)
    output.write(Table("", ["data set", "folder"], [(options.name, folder)], {"folder": str(folder)}), call)


COMMANDS: dict[str, verbs.Command] = {
    "list": (List, list_),
    "show": (Show, show),
    "check": (Check, check),
    "prepare": (Prepare, prepare),
}


def commands() -> Iterator[verbs.Entry]:
    """Yield a command per row of `COMMANDS`."""
    for name, (model, run) in COMMANDS.items():
        yield verbs.of_model(model, run, name)
