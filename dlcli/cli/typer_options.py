"""Turns options models into Typer commands: one command-line option for each field.

Help text, default, bounds and choices come from the field, and only the model validates, so that
Python callers, config files and the command line have the same rules.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Annotated, Any

import annotated_types
import typer
from pydantic.fields import FieldInfo

from dlcli.cli.config import read_config
from dlcli.cli.typer_commands import show_all
from dlcli.errors import UsageError
from dlcli.options.common import Options
from dlcli.options.fields import cli, flag
from dlcli.options.initialization import SOURCES
from dlcli.validation import bare_type, choices, item_type, validate

Complete = Callable[..., list[str]]
_MAX_SHOWN_BOUND = 10_000  # a larger bound only protects the program


@dataclasses.dataclass(frozen=True)
class Call:
    """How a command was called, beyond its options.

    Attributes:
        given: the options given on the command line, by name.
        origins: the source of each option's value: "flag", "file", "--init-from" or "default".
        json: whether to print JSON on standard output.
        plan: whether to show what the command would do, without doing it.
        full: whether a plan lists every layer.
        resume_if_exists: whether to continue the run in the folder, if there is one.
    """

    given: Mapping[str, Any]
    origins: Mapping[str, str]
    json: bool = False
    plan: bool = False
    full: bool = False
    resume_if_exists: bool = False


@dataclasses.dataclass(frozen=True)
class Column:
    """A field of an options model as the help shows it.

    Attributes:
        field: of the model.
        panel: title of its help panel.
        default: as text; "" if there is none.
    """

    field: FieldInfo
    panel: str
    default: str

    @property
    def argument(self) -> bool:
        """Whether it is a positional argument."""
        return cli(self.field).argument


def command(
    model: type[Options], run: Callable[[Any, Call], None], *, trains: str = "", configurable: bool = False
) -> Callable[..., None]:
    """Return a function for Typer whose signature lists the fields of `model`.

    Args:
        model: the options model; `run` gets an instance of it.
        run: executes the command.
        trains: name of the technique that it trains, for `--config`, `--plan`, `--full` and `--resume-if-exists`; "":
            it does not train.
        configurable: whether it has `--config` although it is not a training.
    """

    def callback(**values: Any) -> None:
        own = ("json", "debug", "config", "plan", "help_all", *(["full", "resume_if_exists"] if trains else []))
        flags = {name: values.pop(name, None) for name in own}
        if flags.get("full") and not flags["plan"]:
            raise UsageError("--full needs --plan, whose layers it lists")
        given = _given(values)
        file = read_config(flags["config"], model) if flags["config"] else {}
        source, taken = _inherited(trains, model, {**file, **given})
        options = validate(model, {**taken, **file, **given}, flags=given, kept=taken)
        sources = {source: taken, "file": file, "flag": given}
        origins = dict.fromkeys(model.model_fields, "default")
        origins |= {name: origin for origin, values in sources.items() for name in values}
        shown = {name: bool(flags.get(name)) for name in ("json", "plan", "full", "resume_if_exists")}
        run(options, Call(given, origins, **shown))

    offered = columns(model)
    _sign(
        callback,
        offered,
        {name for name, each in offered.items() if cli(each.field).rare},
        training=bool(trains),
        configurable=configurable,
    )
    callback.examples = model.examples  # type: ignore[attr-defined]
    return callback


def _inherited(technique: str, model: type[Options], given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the flag that names a run, and the options that a new run takes from it."""
    source = next((name for name in SOURCES if given.get(name)), "")
    if not technique or not source:
        return "", {}
    from dlcli.techniques.inheriting import inherited  # imported here: `--help` needs no run folders

    return flag(source), inherited(technique, model, given)


def command_of_any(
    models: Mapping[str, type[Options]],
    run: Callable[[dict[str, Any], Call], None],
    common: Collection[str] = (),
    examples: tuple[str, ...] = (),
) -> Callable[..., None]:
    """Return a function for Typer that offers the fields of all `models`, without defaults.

    For commands whose technique, and so whose model, is known once the run has been found.

    Args:
        models: options models by technique.
        run: executes the command; it gets the given values.
        common: the fields that `--help` shows; (): all that are not rare.
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
    rare = {name for name, each in offered.items() if (name not in common if common else cli(each.field).rare)}
    _sign(callback, offered, rare, training=False)
    callback.examples = examples  # type: ignore[attr-defined]
    return callback


def columns(model: type[Options]) -> dict[str, Column]:
    """Return the fields of a model by name, positional arguments first, as its help shows them."""
    found = {
        name: Column(field, _panel(model, name), _shown(field))
        for name, field in model.model_fields.items()
        if field.description is not None or _missing_description(model, name)
    }
    return dict(sorted(found.items(), key=lambda item: not item[1].argument))


def domain(field: FieldInfo) -> str:
    """Return the choices, unless the description lists them, or the bounds that matter to users: " [>0, <1]"."""
    if found := choices(field):
        listed = all(re.search(rf"\b{choice}\b", field.description or "") for choice in found)
        return "" if listed else f" One of {', '.join(map(str, found))}."
    signs = {annotated_types.Ge: ("≥", "ge"), annotated_types.Gt: (">", "gt")}
    signs |= {annotated_types.Le: ("≤", "le"), annotated_types.Lt: ("<", "lt")}
    rules = [
        (signs[type(rule)][0], getattr(rule, signs[type(rule)][1])) for rule in field.metadata if type(rule) in signs
    ]
    bounds = [f"{sign}{bound:g}" for sign, bound in rules if bound < _MAX_SHOWN_BOUND]
    return f" [{', '.join(bounds)}]" if bounds else ""


def _sign(
    callback: Callable[..., None],
    offered: Mapping[str, Column],
    rare: Collection[str],
    *,
    training: bool,
    configurable: bool = False,
) -> None:
    parameters = [_parameter(name, column) for name, column in offered.items()]
    extra: dict[str, tuple[Any, str]] = {
        "json": (bool, "Print one JSON object on standard output."),
        "debug": (bool, "Show the traceback of an error."),
    }
    if training or configurable:
        extra = {"config": (Path, "Read option values from a TOML or JSON file; flags win."), **extra}
    if training:
        extra = {
            "plan": (bool, "Show what the run would do and cost, without training."),
            "full": (bool, "With --plan: list every layer."),
            "resume_if_exists": (bool, "Continue the run in --out or --name if there is one, as a requeued job does."),
            **extra,
        }
    for name, (kind, text) in extra.items():
        short = ["-c"] if name == "config" else []
        metavar = "FILE" if kind is Path else " "
        option = typer.Option(
            f"--{name.replace('_', '-')}",
            *short,
            help=text,
            show_default=False,
            metavar=metavar,
            rich_help_panel="General",
        )
        parameters.append(_keyword(name, Annotated[kind | None, option], None))
    # Every command accepts it, but only a command with rare options shows it.
    option = typer.Option(
        "--help-all", help="Show every option.", callback=show_all, is_eager=True, show_default=False, hidden=not rare
    )
    parameters.append(_keyword("help_all", Annotated[bool | None, option], None))
    callback.short = {name: _described(each, bounds=False) for name, each in offered.items()}  # type: ignore[attr-defined]
    callback.rare = (*rare, "debug", "full", "resume_if_exists", "help_all") if rare else ()  # type: ignore[attr-defined]
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
    allowed = domain(column.field) if bounds or choices(column.field) else ""
    return f"{column.field.description}{_dimmed(allowed)}{_dimmed(_default(column))}"


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None and value != []}


def _kind(field: FieldInfo) -> Any:
    """Return the type that Typer parses: text, which pydantic converts to the type of the field."""
    kind = bare_type(field.annotation)
    if kind is bool:
        return bool
    if item_type(kind) is not kind:
        # A tuple of fixed length N is one flag with N values; another may be repeated.
        fixed = typing.get_origin(kind) is tuple and Ellipsis not in typing.get_args(kind)
        return types.GenericAlias(tuple, (str,) * len(typing.get_args(kind))) if fixed else list[str]
    # Pydantic parses "8" as the number 8, except among the choices of a Literal.
    return next((type(each) for each in choices(field)), str)


def _metavar(field: FieldInfo) -> str:
    kind = bare_type(field.annotation)
    if found := choices(field):
        return "NAME" if isinstance(found[-1], str) else "N"
    return {int: "N", float: "X", Path: "PATH"}.get(item_type(kind), "TEXT")


def _default(column: Column) -> str:
    return f" [default: {column.default}]" if column.default else ""


def _dimmed(text: str) -> str:
    # The bracket is escaped: rich would parse text in brackets as markup.
    return f"[dim]{text.replace('[', chr(92) + '[')}[/]" if "[" in text else text


def _shown(field: FieldInfo) -> str:
    default = field.default
    if field.is_required() or default is None or default in ("", ()):
        return ""
    if text := cli(field).text:
        return text(default)
    if isinstance(default, bool):
        return "yes" if default else "no"
    if isinstance(default, tuple):
        return "all" if sorted(default) == choices(field) else ", ".join(map(str, default))
    return f"{default:g}" if isinstance(default, float) else str(default)


def _completion(field: FieldInfo) -> Complete | None:
    look, found = cli(field), [str(each) for each in choices(field)]
    if found:
        return lambda incomplete: [each for each in found if each.startswith(incomplete)]
    if look.complete:
        return _offer(look.complete)
    return None


def _offer(what: str) -> Complete:
    def offer(ctx: typer.Context, incomplete: str) -> list[str]:
        from dlcli.cli import completion  # imported only during completion

        return completion.candidates(what, ctx, incomplete)

    return offer


def _panel(model: type[Options], name: str) -> str:
    """Return the panel of the class that first declares a field."""
    owners = [cls for cls in model.__mro__ if issubclass(cls, Options) and name in inspect.get_annotations(cls)]
    return owners[-1].panel


def _missing_description(model: type[Options], name: str) -> bool:
    raise TypeError(f"{model.__name__}.{name} has no description; every option needs its help text")
