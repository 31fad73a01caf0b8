"""Typer's commands and groups, as this program wants them: short help, and errors that say what was meant."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from dlcli.cli import console, suggestions
from dlcli.errors import UsageError

_EXAMPLES = 1  # command line below the short help
_ALL = "dlcli.help_all"  # whether a context shows every option


class Command(TyperCommand):
    """A command whose `--help` leaves rare options to `--help-all`.

    Its callback may have two attributes: `rare`, the names of those options, and `examples`, command lines.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the words; raise `UsageError` for an option that is not there and an argument that is missing."""
        try:
            return super().parse_args(ctx, args)
        except typer.TyperException as error:
            if hasattr(error, "possibilities"):
                raise self._unknown(error.option_name, ctx) from error  # type: ignore[attr-defined]
            if hasattr(error, "param_type"):
                raise self._missing(error.param) from error  # type: ignore[attr-defined]
            raise

    def get_help_option(self, ctx: Any) -> Any:
        """Return the option `--help`, which is shown without the type that a flag does not take."""
        return _bare(super().get_help_option(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help; where there are rare options, in a short form unless the context asks for all."""
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
        there = [each for param in self.get_params(ctx) for each in (*param.opts, *param.secondary_opts)]
        meant = suggestions.option(name, [each for each in there if each.startswith("--")])
        return UsageError(f"there is no option {name}" + (f"; did you mean {meant}?" if meant else ""))

    def _missing(self, param: Any) -> UsageError:
        name = (param.metavar or param.name.upper()) if param.param_type_name == "argument" else param.opts[0]
        examples = self._of("examples")
        return UsageError(f"{name} is missing", hint=f"for example: {examples[0]}" if examples else "")

    def _of(self, name: str) -> tuple[str, ...]:
        found: tuple[str, ...] = getattr(self.callback, name, ())
        return found


class Group(TyperGroup):
    """A group that answers a word it does not know with the command that was meant."""

    def get_help_option(self, ctx: Any) -> Any:
        """Return the option `--help`, which is shown without the type that a flag does not take."""
        return _bare(super().get_help_option(ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the name of a command, the command and the words after it; raise `UsageError` where there is none."""
        name = args[0]
        if self.get_command(ctx, name) is None and not ctx.resilient_parsing and not name.startswith("-"):
            there = list(self.commands)
            of = None if ctx.parent is None else str(ctx.info_name)
            meant = suggestions.subject(of, name, there) if of else suggestions.verb(name, there)
            asked = f"; did you mean dlcli {meant}?" if meant else f"; there are {', '.join(there)}"
            raise UsageError(f"there is no command {' '.join(['dlcli', *filter(None, [of]), name])}{asked}")
        return super().resolve_command(ctx, args)


def _bare(option: Any) -> Any:
    if option is not None:
        option.metavar = " "
    return option


def _short(param: Any, helps: Mapping[str, str]) -> Any:
    """Return a parameter as the short help shows it: in one panel with the others, without bounds and negation."""
    shown = copy.copy(param)
    shown.help = helps.get(param.name, param.help)
    if param.param_type_name == "option":
        shown.rich_help_panel, shown.secondary_opts = None, []
    return shown


def show_all(ctx: typer.Context, wanted: bool | None) -> None:
    """Print the help with every option, and exit: the callback of `--help-all`."""
    if wanted:
        ctx.meta[_ALL] = True
        ctx.command.format_help(ctx, ctx.make_formatter())
        raise typer.Exit()
