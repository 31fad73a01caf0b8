"""The page about one or several runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dlcli.errors import UserError
from dlcli.formats import printable
from dlcli.pages.document import document
from dlcli.pages.elements import Element, Heading, Paragraph, Section
from dlcli.reports import about, attention, classifier, comparison, curves, evaluation, pictures, samples, tokens
from dlcli.reports.budget import Budget
from dlcli.reports.options import Report
from dlcli.runs.trained import TrainedRun

Builder = Callable[[TrainedRun, Report, Budget], list[Element]]

# The sections of a run, in order; the curves follow the first.
_OF_A_RUN: dict[str, Builder] = {
    "Evaluation": evaluation.parts,
    "Errors and calibration": classifier.parts,
    "Samples": samples.parts,
    "Token probabilities": tokens.parts,
    "Attention": attention.parts,
    "Figures": pictures.parts,
}


def report(runs: Sequence[TrainedRun], options: Report) -> str:
    """Return a page about runs as HTML; raise `RunError` if a folder is not one of a run."""
    if len(runs) == 1:
        return _of_one(runs[0], options)
    return _of_several(runs, options)


def _of_one(run: TrainedRun, options: Report) -> str:
    budget = Budget()
    sections = [Section("What was run", about.parts(run)), *_section("Learning curves", lambda: curves.parts([run]))]
    for title, build in _OF_A_RUN.items():
        sections += _section(title, lambda build=build: build(run, options, budget))  # type: ignore[misc]
    return document(printable(run.folder.name), about.lead(run), sections)


def _of_several(runs: Sequence[TrainedRun], options: Report) -> str:
    budget = Budget(len(runs))
    sections = [
        Section("Comparison", comparison.parts(runs, options)),
        *_section("Learning curves", lambda: curves.parts(runs)),
    ]
    for run in runs:
        parts: list[Element] = [Paragraph(about.lead(run)), *about.parts(run)]
        for title, build in _OF_A_RUN.items():
            found = _section(title, lambda build=build, run=run: build(run, options, budget))  # type: ignore[misc]
            parts += [Heading(title), *found[0].parts] if found else []
        sections.append(Section(printable(run.folder.name), parts))
        budget.next_run()
    names = ", ".join(printable(run.folder.name) for run in runs)
    return document(f"{len(runs)} runs", names, sections)


def _section(title: str, build: Callable[[], Sequence[Element]]) -> list[Section]:
    """Return a section; its content is the message of the error if it cannot be made, and none if it is empty."""
    try:
        parts = build()
    except UserError as error:
        parts = [Paragraph(f"not available: {error}", "problem")]
    return [Section(title, parts)] if parts else []
