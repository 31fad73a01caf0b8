"""What was run: command, data, versions, and the options that differ from their defaults."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from dlcli import formats
from dlcli.errors import UserError
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
    defaults = _defaults(run)
    differing = {name: value for name, value in chosen.items() if name in defaults and value != defaults[name]}
    found: list[Element] = [Grid("", (), [row for row in rows if row[1] not in ("", formats.MISSING)])]
    if differing:
        table = [
            (flag(name), formats.option(name, value), formats.option(name, defaults[name]))
            for name, value in differing.items()
        ]
        found.append(Grid("options that differ from their defaults", ("option", "value", "default"), table))
    else:
        found.append(Paragraph("All options have their default values.", "note"))
    every = [(printable(flag(name)), formats.option(name, value)) for name, value in chosen.items()]
    return [*found, Details("all options", [Grid("", ("option", "value"), every)])]


def _described(run: TrainedRun) -> dict[str, str]:
    return described(summarize(run.folder), run.files.raw("run.json"))


def _defaults(run: TrainedRun) -> dict[str, Any]:
    """Return the default of each option of a run, as JSON values: the one that applies with its other options.

    The learning rate, for example, has another default with another optimizer. A required option has none.
    """
    chosen, model = run.files.raw("options.json"), run.reader.options
    found = {}
    for name, field in model.model_fields.items():
        if name in _PLACES or name not in chosen:
            continue
        others = {other: value for other, value in chosen.items() if other != name}
        try:
            filled = model.model_validate(others, context={"kept": set(chosen)})
        except (ValidationError, UserError):  # the others are not valid without it
            filled = model.model_construct(**({} if field.is_required() else {name: field.default}))
        found[name] = filled.model_dump(mode="json", include={name}).get(name)
    return found
