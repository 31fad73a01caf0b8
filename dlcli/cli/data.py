"""What a data set holds; problems in it; getting it."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from dlcli.artifacts import Table
from dlcli.cli import output, progress
from dlcli.cli.bridge import Call
from dlcli.errors import DatasetError, UsageError
from dlcli.options import Cli, DataDir, Options

_NAMED = 20  # problems listed of each kind, and classes listed of a set


class List(Options):
    """List the data sets that are here: embedded, densities for gan, and prepared by tensorflow-datasets."""

    data_dir: DataDir = None


class Named(Options):
    """One data set."""

    name: Annotated[
        str,
        Field(description="An embedded name, tfds:NAME, folder:PATH or an .npz file."),
        Cli(argument=True, metavar="NAME", complete="datasets"),
    ]
    data_dir: DataDir = None


class Show(Named):
    """Show what a data set holds: splits, sizes, classes."""

    image_size: Annotated[int | None, Field(ge=4, le=1024, description="Side that images are scaled to.")] = None


class Check(Named):
    """Check a data set: every example is read, and every problem listed; exit 3 if there are any."""

    image_size: Annotated[int | None, Field(ge=4, le=1024, description="Side that images are scaled to.")] = None


class Prepare(Named):
    """Download a set of tensorflow-datasets and write it as training reads it."""


def list_(options: List, call: Call) -> None:
    """Print a row a set."""
    from dlcli.data import densities, sources, tfds

    rows = [(name, "embedded", text) for name, text in sources.embedded().items()]
    rows += [(name, "density", text) for name, text in densities.NAMES.items()]
    rows += [(f"tfds:{name}", "prepared", "") for name in tfds.prepared(options.data_dir)]
    numbers = {"datasets": [{"name": name, "kind": kind} for name, kind, _ in rows]}
    output.write(Table("", ["name", "kind", ""], rows, numbers), call)


def show(options: Show, call: Call) -> None:
    """Print the examples of each class in each split."""
    with progress.working("reading"):
        from dlcli.data import sources

        images = sources.open(options.name, options.data_dir, options.image_size, memory_limit=2**31)
        counts = {name: split.counts().tolist() for name, split in images.splits.items()}
        shape = list(images.image)
    rows = [(name, *(each[index] for each in counts.values())) for index, name in enumerate(images.classes)]
    left_out = len(rows) - _NAMED
    if left_out > 0:
        rows = [*rows[:_NAMED], (f"… {left_out} more", *[""] * len(counts))]
    rows.append(("all", *(sum(each) for each in counts.values())))
    title = f"{options.name}: images {' × '.join(map(str, shape))}, {len(images.classes)} classes"
    numbers = {"name": options.name, "image": shape, "classes": list(images.classes), "examples": counts}
    output.write(Table(title, ["class", *counts], rows, numbers), call)


def check(options: Check, call: Call) -> None:
    """Print all that is wrong."""
    with progress.working("reading every example"):
        from dlcli.data import check as data

        findings = data.check(options.name, options.data_dir, options.image_size)
    found = [{"kind": f.kind, "split": f.split, "where": f.where, "message": f.message} for f in findings]
    kinds = list(dict.fromkeys(f.kind for f in findings))
    rows = [
        (kind, finding.split, finding.message)
        for kind in kinds
        for finding in [f for f in findings if f.kind == kind][:_NAMED]
    ]
    left_out = len(findings) - len(rows)
    if left_out:
        rows.append(("…", "", f"{left_out} more; --json lists them all"))
    numbers = {"name": options.name, "findings": found}
    if findings:
        output.write(Table("", ["kind", "split", "problem"], rows, numbers), call)
        raise DatasetError(f"{options.name} has {len(findings)} problem{'s' * (len(findings) > 1)}")
    output.write(Table("", ["data set", ""], [(options.name, "nothing wrong")], numbers), call)


def prepare(options: Prepare, call: Call) -> None:
    """Get a set and say where it lies."""
    if not options.name.startswith("tfds:"):
        raise UsageError(f"NAME must be tfds:NAME, the only sets that need preparing, got {options.name!r}")
    with progress.working("preparing"):
        from dlcli.data import tfds

        folder: Path = tfds.prepare(options.name.removeprefix("tfds:"), options.data_dir)
    output.write(Table("", ["data set", "folder"], [(options.name, folder)], {"folder": str(folder)}), call)


COMMANDS = {"list": (List, list_), "show": (Show, show), "check": (Check, check), "prepare": (Prepare, prepare)}
