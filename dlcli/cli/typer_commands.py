"""Subclasses of Typer's commands and groups: a short help, and errors with suggestions."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from dlcli.cli import console, suggestions
from dlcli.errors import UsageError

_EXAMPLES = 1  # command lines below the short help
_ALL = "dlcli.help_all"  # key of a context: whether to show every option


class Command(TyperCommand):
    """A command whose `--help` omits rare options and whose `--help-all` shows them.

    Its callback may have two attributes: `rare`, the names of those options, and `examples`, command lines.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the words; raise `UsageError` for an unknown option or a missing argument."""
        try:
            return super().parse_args(ctx, args)
        except typer.TyperException as error:
            if hasattr(error, "possibilities"):
                raise self._unknown(error.option_name, ctx) from error  # type: ignore[attr-defined]
            if hasattr(error, "param_type"):
                raise self._missing(error.param) from error  # type: ignore[attr-defined]
            raise

    def get_help_option(self, ctx: Any) -> Any:
        """Return the option `--help`, without the metavar of a value."""
        return _bare(super().get_help_option(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help; a short form if there are rare options and the context does not request all."""
        _hide_types(self.params)
        rare = () if ctx.meta.get(_ALL) else self._of("rare")
        if not rare:
            return super().format_help(ctx, formatter)
        whole = self.params, self.epilog
        shown = [each for each in self.params if each.name not in rare]
        self.params = [_short(each, getattr(self.callback, "short", {})) for each in shown]
        self.epilog = "\n\n".join((self.epilog or "").split("\n\n")[:_EXAMPLES]) or None
        try:
            super().format_help(ctx, formatter)
        finally:
            self.params, self.epilog = whole
        left_out = sum(each.name in rare and each.name != "help_all" for each in self.params)
        console.out().print(f"{left_out} more options: --help-all", style="dim")

    def _unknown(self, name: str, ctx: Any) -> UsageError:
        known = [each for param in self.get_params(ctx) for each in (*param.opts, *param.secondary_opts)]
        meant = suggestions.option(name, [each for each in known if each.startswith("--")])
        hint = suggestions.other_command(name)
        if name[1:2].isdecimal():
            hint = "a value that starts with a minus follows --"
        return UsageError(f"unknown option {name}" + (f"; did you mean {meant}?" if meant else ""), hint=hint)

    def _missing(self, param: Any) -> UsageError:
        name = (param.metavar or param.name.upper()) if param.param_type_name == "argument" else param.opts[0]
        examples = self._of("examples")
        return UsageError(f"{name} is missing", hint=f"for example: {examples[0]}" if examples else "")

    def _of(self, name: str) -> tuple[str, ...]:
        found: tuple[str, ...] = getattr(self.callback, name, ())
        return found


class Group(TyperGroup):
    """A group that suggests a command for an unknown word."""

    def get_help_option(self, ctx: Any) -> Any:
        """Return the option `--help`, without the metavar of a value."""
        return _bare(super().get_help_option(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help."""
        _hide_types(self.params)
        super().format_help(ctx, formatter)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return a command's name, the command and the words after it; raise `UsageError` for an unknown one."""
        name = args[0]
        if self.get_command(ctx, name) is None and not ctx.resilient_parsing and not name.startswith("-"):
            known = list(self.commands)
            of = None if ctx.parent is None else str(ctx.info_name)
            meant = suggestions.subject(of, name, known) if of else suggestions.verb(name, known)
            suggestion = f"; did you mean dlcli {meant}?" if meant else f"; choose from {', '.join(known)}"
            raise UsageError(f"unknown command {' '.join(['dlcli', *filter(None, [of]), name])}{suggestion}")
        return super().resolve_command(ctx, args)


def _bare(option: Any) -> Any:
    if option is not None:
        option.metavar = " "
    return option


def _hide_types(params: list[Any]) -> None:
    """Hide the Python types that Typer shows for arguments and flags."""
    for param in params:
        if param.param_type_name == "argument":
            param.display_type_rich = lambda **_: None
        elif getattr(param, "is_flag", False) and param.metavar is None:
            param.metavar = " "


def _short(param: Any, helps: Mapping[str, str]) -> Any:
    """Return a parameter for the short help: in one panel with the others, without bounds and negation."""
    shown = copy.copy(param)
    shown.help = helps.get(param.name, param.help)
    if param.param_type_name == "option":
        shown.rich_help_panel, shown.secondary_opts = None, []
    return shown


def show_all(ctx: typer.Context, wanted: bool | None) -> None:
    """Print the help with every option and exit; the callback of `--help-all`."""
    if wanted:
        ctx.meta[_ALL] = True
        ctx.command.format_help(ctx, ctx.make_formatter())
        raise typer.Exit()
