"""What was run: command, data, versions, and the options that differ from their defaults."""

from __future__ import annotations

from typing import Any

from dlcli import formats, techniques
from dlcli.formats import printable
from dlcli.options.fields import flag
from dlcli.pages.elements import Details, Element, Grid, Paragraph
from dlcli.runs.description import described
from dlcli.runs.summary import summarize
from dlcli.runs.trained import TrainedRun

_PLACES = {"out", "name", "data_dir"}  # options that say where, not what


def lead(run: TrainedRun) -> str:
    """Return technique, data, size, state and best metrics of a run on one line."""
    about = _described(run)
    parameters = f"{about['parameters']} parameters" if about.get("parameters") else ""
    return "; ".join(filter(None, [f"{run.technique} on {about['data']}", parameters, about["state"], about["best"]]))


def parts(run: TrainedRun) -> list[Element]:
    """Return the description of a run, the options that differ from their defaults, and all options."""
    about = _described(run)
    digest = run.files.info().data.digest
    rows = [*about.items(), ("data digest", digest or ""), ("folder", printable(run.folder))]
    chosen = run.files.raw("options.json")
    differing = {name: value for name, value in chosen.items() if _differs(run.technique, name, value)}
    found: list[Element] = [Grid("", (), [row for row in rows if row[1] not in ("", formats.MISSING)])]
    if differing:
        table = [
            (flag(name), formats.option(name, value), _default(run.technique, name))
            for name, value in differing.items()
        ]
        found.append(Grid("options that differ from their defaults", ("option", "value", "default"), table))
    else:
        found.append(Paragraph("All options have their default values.", "note"))
    every = [(printable(flag(name)), formats.option(name, value)) for name, value in chosen.items()]
    return [*found, Details("all options", [Grid("", ("option", "value"), every)])]


def _described(run: TrainedRun) -> dict[str, str]:
    return described(summarize(run.folder), run.files.raw("run.json"))


def _differs(technique: str, name: str, value: Any) -> bool:
    field = _fields(technique).get(name)
    if field is None or name in _PLACES:
        return False
    default = list(field.default) if isinstance(field.default, tuple) else field.default
    return bool(value != default)


def _default(technique: str, name: str) -> str:
    field = _fields(technique)[name]
    return formats.MISSING if field.is_required() else formats.option(name, field.default)


def _fields(technique: str) -> dict[str, Any]:
    found: dict[str, Any] = techniques.options(technique, "train").model_fields
    return found
