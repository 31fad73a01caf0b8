"""The next commands for a run, ready to paste into a shell, with an example from its data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from dlcli import figures, techniques
from dlcli.errors import RunError
from dlcli.formats import command_line
from dlcli.options.fields import Options, can_read, cli, flag
from dlcli.runs.data_paths import resolve
from dlcli.runs.folder import RunFolder
from dlcli.validation import bare_type

_INPUTS = ("images", "rows", "text", "nearest", "prompt")  # fields whose value is an input


def next_commands(folder: Path, technique: str) -> list[str]:
    """Return the commands that read this run of a technique, the most useful first."""
    trained, examples = RunFolder(folder).raw("options.json"), _examples(folder)
    lines = [command_line("eval", folder)]
    if technique in techniques.having("resume"):
        lines.append(command_line("viz", "learning-curves", "--run", folder))
    best = figures.main_figure(technique, trained)
    lines.append(command_line("viz", best, *_input(figures.catalogue()[best], examples), "--run", folder))
    for verb in ("sample", "predict", "score"):
        model = techniques.options(technique, verb)
        if model is not None and can_read(model, trained):
            words, named = list(_input(model, examples)), ("--run", folder)
            # After `--`, which separates a row that starts with a minus, there are no options.
            lines.append(command_line(verb, technique, *(named + tuple(words) if "--" in words else (*words, *named))))
    return list(dict.fromkeys(lines))  # the main figure may be the learning curves


def _input(model: type[Options], examples: Mapping[str, str]) -> Iterator[str | Path]:
    """Yield the words of a command's input: the example, or a placeholder if there is none."""
    fields = [each for each in _INPUTS if each in model.model_fields]
    arguments = [each for each in fields if cli(model.model_fields[each]).argument]
    for name in arguments or fields:
        field, example = model.model_fields[name], examples[name]
        if not cli(field).argument:
            if bare_type(field.annotation) is not Path and (example or name == "nearest"):
                yield from (flag(name), example or name.upper())
        else:
            yield from ("--",) if name == "rows" and example.startswith("-") else ()
            yield Path(example) if name == "images" and example else example or name.upper()


def _examples(folder: Path) -> dict[str, str]:
    """Return an example input of the run's data for each input field; "" if there is none."""
    try:
        found = RunFolder(folder).raw("run.json")
    except RunError:
        found = {}
    example, origin = (each if isinstance(each := found.get(name), str) else "" for name in ("example", "cwd"))
    image = resolve(example, origin) if example else ""  # a path, which must be valid in the working directory
    return {**dict.fromkeys(_INPUTS, example), "images": image}
