"""Turns options models into Typer commands: one command-line option for each field.

Help text, default, bounds and choices all come from the field, and the model alone validates, so
that Python callers, config files and the command line obey the same rules.
"""

from __future__ import annotations

import dataclasses
import inspect
import types
import typing
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import annotated_types
import typer
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from dlcli.cli import suggestions
from dlcli.cli.config import read_config
from dlcli.cli.typer_commands import show_all
from dlcli.errors import UsageError
from dlcli.options.common import Options
from dlcli.options.fields import cli, flag

Complete = Callable[..., list[str]]
_LONGEST = 300  # characters of a wrong value that a message repeats
_ENDLESS = 10_000  # a bound above this guards the program, and tells the user nothing


@dataclasses.dataclass(frozen=True)
class Call:
    """How a command was called, beyond its options.

    Attributes:
        given: the options that stood on the command line, by name.
        origins: where each option's value came from: "flag", "file" or "default".
        json: whether standard output is to hold JSON.
        plan: whether to say what would be done, and do nothing.
        full: whether a plan lists every layer.
    """

    given: Mapping[str, Any]
    origins: Mapping[str, str]
    json: bool = False
    plan: bool = False
    full: bool = False


@dataclasses.dataclass(frozen=True)
class Column:
    """A field of an options model with the title of its help panel."""

    field: FieldInfo
    panel: str
    default: str  # as the help shows it

    @property
    def argument(self) -> bool:
        """Whether it is given by its place rather than by a flag."""
        return cli(self.field).argument


def command(model: type[Options], run: Callable[[Any, Call], None], *, training: bool = False) -> Callable[..., None]:
    """Return a function for Typer whose signature lists the fields of `model`.

    Args:
        model: the options; `run` gets an instance.
        run: does the work.
        training: whether to offer `--config`, `--plan` and `--full`.
    """

    def callback(**values: Any) -> None:
        own = ("json", "debug", "config", "plan", "help_all", *(["full"] * training))
        flags = {name: values.pop(name, None) for name in own}
        if flags.get("full") and not flags["plan"]:
            raise UsageError("--full lists the layers of a plan: give --plan too")
        given = _given(values)
        file = read_config(flags["config"], model) if flags["config"] else {}
        options = validate(model, {**file, **given}, flags=given)
        origins = {
            name: "flag" if name in given else "file" if name in file else "default" for name in model.model_fields
        }
        shown = {name: bool(flags.get(name)) for name in ("json", "plan", "full")}
        run(options, Call(given, origins, **shown))

    offered = columns(model)
    _sign(callback, offered, {name for name, each in offered.items() if cli(each.field).rare}, training=training)
    callback.examples = model.examples  # type: ignore[attr-defined]
    return callback


def changes(
    models: Mapping[str, type[Options]],
    run: Callable[[dict[str, Any], Call], None],
    usual: Collection[str] = (),
    examples: tuple[str, ...] = (),
) -> Callable[..., None]:
    """Return a function for Typer that offers the fields of all `models`, none with a default.

    It serves the commands that learn from a run which technique they deal with.

    Args:
        models: by technique.
        run: does the work; it gets the values that were given.
        usual: the fields that `--help` shows; none: those that are not rare.
        examples: command lines.
    """

    def callback(**values: Any) -> None:
        flags = {name: values.pop(name, None) for name in ("json", "debug", "help_all")}
        given = _given(values)
        run(given, Call(given, dict.fromkeys(given, "flag"), json=bool(flags["json"])))

    offered: dict[str, Column] = {}
    for model in models.values():
        for name, column in columns(model).items():
            offered.setdefault(name, column if column.argument else dataclasses.replace(column, default=""))
    rare = {name for name, each in offered.items() if (name not in usual if usual else cli(each.field).rare)}
    _sign(callback, offered, rare, training=False)
    callback.examples = examples  # type: ignore[attr-defined]
    return callback


def columns(model: type[Options]) -> dict[str, Column]:
    """Return the fields of a model by name, arguments first, as its help shows them."""
    found = {
        name: Column(field, _panel(model, name), _shown(field))
        for name, field in model.model_fields.items()
        if field.description is not None or _missing_description(model, name)
    }
    return dict(sorted(found.items(), key=lambda item: not item[1].argument))


def domain(field: FieldInfo) -> str:
    """Return the choices or the bounds worth telling, such as " [>0, <1]"."""
    if choices := _choices(field):
        return f" One of {', '.join(map(str, choices))}."
    signs = {annotated_types.Ge: ("≥", "ge"), annotated_types.Gt: (">", "gt")}
    signs |= {annotated_types.Le: ("≤", "le"), annotated_types.Lt: ("<", "lt")}
    rules = [
        (signs[type(rule)][0], getattr(rule, signs[type(rule)][1])) for rule in field.metadata if type(rule) in signs
    ]
    told = [f"{sign}{bound:g}" for sign, bound in rules if bound < _ENDLESS]
    return f" [{', '.join(told)}]" if told else ""


def validate(
    model: type[Options], values: Mapping[str, Any], *, flags: Iterable[str] = (), kept: Iterable[str] = ()
) -> Any:
    """Build the options.

    Args:
        model: their class.
        values: those given, by name.
        flags: names of those that stood on the command line.
        kept: names of those that a run has already.

    Raises:
        UsageError: the message names the flag, the reason and the value.
    """
    try:
        return model.model_validate(dict(values), context={"flags": set(flags), "kept": set(kept)})
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        reason = problem["msg"].removeprefix("Value error, ").removeprefix("Input ").replace("'", "")
        if not problem["loc"]:
            raise UsageError(reason) from error
        name = str(problem["loc"][0])
        given = name.upper() if cli(model.model_fields[name]).argument else flag(name)
        value = problem["input"]
        meant = suggestions.value(str(value), [str(each) for each in _choices(model.model_fields[name])])
        near = f"; did you mean {meant!r}?" if meant else ""
        raise UsageError(f"{given} {reason}, got {_short(value)}{near}") from error


def _sign(
    callback: Callable[..., None], offered: Mapping[str, Column], rare: Collection[str], *, training: bool
) -> None:
    parameters = [_parameter(name, column) for name, column in offered.items()]
    extra: dict[str, tuple[Any, str]] = {
        "json": (bool, "Print one JSON object on standard output."),
        "debug": (bool, "Show the traceback of an error."),
    }
    if training:
        extra = {
            "config": (Path, "Read option values from a TOML or JSON file; flags win."),
            "plan": (bool, "Show what the run would do and cost."),
            "full": (bool, "With --plan: list every layer."),
            **extra,
        }
    for name, (kind, text) in extra.items():
        short = ["-c"] if name == "config" else []
        metavar = "FILE" if kind is Path else " "
        option = typer.Option(
            f"--{name}", *short, help=text, show_default=False, metavar=metavar, rich_help_panel="General"
        )
        parameters.append(_keyword(name, Annotated[kind | None, option], None))
    # Taken by every command, but named only where `--help` leaves something out.
    option = typer.Option(
        "--help-all", help="Show every option.", callback=show_all, is_eager=True, show_default=False, hidden=not rare
    )
    parameters.append(_keyword("help_all", Annotated[bool | None, option], None))
    callback.short = {name: _described(each, bounds=False) for name, each in offered.items()}  # type: ignore[attr-defined]
    callback.rare = (*rare, "debug", "full", "help_all") if rare else ()  # type: ignore[attr-defined]
    callback.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]


def _parameter(name: str, column: Column) -> inspect.Parameter:
    field, look, kind = column.field, cli(column.field), _kind(column.field)
    common: dict[str, Any] = {
        "help": _described(column),
        "metavar": look.metavar or _metavar(field),
        "autocompletion": _completion(field),
    }
    if look.argument:
        required = field.is_required()
        annotation = (
            Annotated[kind, typer.Argument(**common)] if required else Annotated[kind | None, typer.Argument(**common)]
        )
        return _keyword(name, annotation, inspect.Parameter.empty if required else None)
    long = flag(name)
    names = [f"{long}/--no-{long[2:]}"] if kind is bool else [long, *filter(None, [look.short])]
    common["metavar"] = " " if kind is bool else common["metavar"]
    option = typer.Option(*names, show_default=False, rich_help_panel=column.panel, **common)
    return _keyword(name, Annotated[kind | None, option], None)


def _described(column: Column, *, bounds: bool = True) -> str:
    allowed = domain(column.field) if bounds or _choices(column.field) else ""
    return f"{column.field.description}{_dimmed(allowed)}{_dimmed(_default(column))}"


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None and value != []}


def _kind(field: FieldInfo) -> Any:
    """Return what Typer parses the field as: text, which pydantic then turns into the field's type."""
    kind = _bare(field.annotation)
    if kind is bool:
        return bool
    if _item(kind) is not kind:
        # A tuple of a fixed length is one flag with so many values; else the flag may be repeated.
        fixed = typing.get_origin(kind) is tuple and Ellipsis not in typing.get_args(kind)
        return types.GenericAlias(tuple, (str,) * len(typing.get_args(kind))) if fixed else list[str]
    # Among choices, and there alone, pydantic does not take "8" for the number 8.
    return next((type(each) for each in _choices(field)), str)


def _bare(annotation: Any) -> Any:
    """Strip `| None` and `Annotated`."""
    if typing.get_origin(annotation) is Annotated:
        return _bare(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return _bare(next(each for each in typing.get_args(annotation) if each is not type(None)))
    return annotation


def _item(kind: Any) -> Any:
    """Return what a list or tuple holds; anything else as it is."""
    return _bare(typing.get_args(kind)[0]) if typing.get_origin(kind) in (list, tuple) else kind


def _choices(field: FieldInfo) -> tuple[Any, ...]:
    kind = _item(_bare(field.annotation))
    return typing.get_args(kind) if typing.get_origin(kind) is Literal else ()


def _metavar(field: FieldInfo) -> str:
    kind = _bare(field.annotation)
    if _choices(field):
        return "NAME"
    return {int: "N", float: "X", Path: "PATH"}.get(_item(kind), "TEXT")


def _default(column: Column) -> str:
    return f" [default: {column.default}]" if column.default else ""


def _dimmed(text: str) -> str:
    # The bracket is escaped: rich would take what stands in brackets for markup.
    return f"[dim]{text.replace('[', chr(92) + '[')}[/]" if "[" in text else text


def _shown(field: FieldInfo) -> str:
    default = field.default
    if field.is_required() or default is None or default in ("", ()):
        return ""
    if isinstance(default, bool):
        return "yes" if default else "no"
    return f"{default:g}" if isinstance(default, float) else str(default)


def _completion(field: FieldInfo) -> Complete | None:
    look, choices = cli(field), [str(each) for each in _choices(field)]
    if choices:
        return lambda incomplete: [each for each in choices if each.startswith(incomplete)]
    if look.complete:
        return _offer(look.complete)
    return None


def _offer(what: str) -> Complete:
    def offer(ctx: typer.Context, incomplete: str) -> list[str]:
        from dlcli.cli import completion  # only while a shell completes

        return completion.offered(what, ctx, incomplete)

    return offer


def _panel(model: type[Options], name: str) -> str:
    """Return the panel of the class that first declares the field."""
    owners = [cls for cls in model.__mro__ if issubclass(cls, Options) and name in inspect.get_annotations(cls)]
    return owners[-1].panel


def _missing_description(model: type[Options], name: str) -> bool:
    raise TypeError(f"{model.__name__}.{name} has no description; every option needs its help text")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
