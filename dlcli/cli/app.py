"""The command tree, and how the program ends."""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import sys
import traceback
from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Any, NoReturn

import typer
from rich.text import Text

from dlcli import __version__, figures, interrupts, studies, techniques
from dlcli.cli import console, streams
from dlcli.cli.typer_commands import Command, Group
from dlcli.cli.typer_options import Call, changes, command
from dlcli.errors import DeviceError, DiskError, UserError
from dlcli.options.common import Options

# What writing to a stream fails with where its disk is full, where it is closed, and where its terminal has gone.
_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EBADF, errno.EIO)
SETTINGS = {"help_option_names": ["-h", "--help"]}


def build(words: Collection[str] | None = None) -> typer.Typer:
    """Return the command tree; nothing here loads jax or numpy.

    Args:
        words: of the command line; a verb that is not among them is only named, which spares
            `dlcli --help` half of its time. None builds everything.
    """
    app = typer.Typer(
        name="dlcli",
        cls=_InOrder,
        help=(
            "A deep-learning laboratory for the terminal.\n\n"
            "Begin with [bold]dlcli train cnn[/], then [bold]dlcli eval cnn[/] and [bold]dlcli viz confusion[/]."
        ),
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings=SETTINGS,
    )
    app.callback()(_version_option)
    for verb, (summary, add) in VERBS.items():
        if verb in OF_TECHNIQUES and not techniques.having(verb):
            continue
        if words is None or verb in words:
            add(app, verb, summary)
        else:
            app.command(verb, help=summary)(lambda: None)
    return app


def main() -> NoReturn:
    """Run the program and exit: user errors as one line, or as JSON; bugs with a traceback."""
    streams.prepare()
    console.show_messages()
    try:
        code = _run()
    except OSError as error:  # of a standard stream that cannot be written to
        if error.errno not in _UNWRITABLE:
            raise
        code = _without_streams(error)
    if code and code in interrupts.CODES.values() and "jax" in sys.modules:
        interrupts.exit_now(
            code
        )  # a function of XLA may still be running, and the interpreter's own end then may crash
    sys.exit(code or 0)


def _run() -> int | None:
    try:
        # While a shell completes, it passes the words of its command line in a variable.
        code: int | None = build([*sys.argv[1:], *os.environ.get("COMP_WORDS", "").split()])(standalone_mode=False)
        sys.stdout.flush()
        return code
    except UserError as error:
        return _fail(error.kind, str(error), error.hint, error.exit_code, error)
    except typer.TyperException as error:
        return _fail("usage", error.format_message(), "", error.exit_code, error)
    except (KeyboardInterrupt, typer.Abort):
        return interrupts.CODES["SIGINT"]
    except (BrokenPipeError, SystemExit):  # as which Typer passes the first on
        streams.close(sys.stdout)  # the reader of our output has gone
        return 0
    except Exception as error:
        if known := _known(error):
            return _fail(known.kind, str(known), known.hint, known.exit_code, error)
        if isinstance(error, OSError) and error.errno in _UNWRITABLE:
            raise
        hint = "this is a bug in dlcli; --debug shows where"
        return _fail("bug", f"{type(error).__name__}: {error}", hint, 1, error)


def _known(error: Exception) -> UserError | None:
    """Return what an error of a library says of the user's machine or files; None for a bug."""
    if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error):
        hint = "ask for less at once: a smaller --batch-size, --count or model"
        return DeviceError(": ".join(["there is too little memory", *str(error).splitlines()[:1]]), hint=hint)
    if isinstance(error, OSError) and error.filename and error.strerror:
        return DiskError(f"{os.fsdecode(error.filename)} cannot be used: {error.strerror.lower()}")
    return None


def _fail(kind: str, message: str, hint: str, code: int, error: Exception) -> int:
    if "--debug" in sys.argv or os.environ.get("DLCLI_DEBUG") == "1":
        console.err().print(Text("".join(traceback.format_exception(error))), soft_wrap=True)
    if "--json" in sys.argv and not (isinstance(error, UserError) and error.reported):
        console.print_json({"error": {"kind": kind, "message": message, "hint": hint}})
    if not message:  # the help was shown instead
        return code
    err = console.err()
    err.print(f"[bold red]error:[/] {console.plain(message)}", soft_wrap=True)
    if hint:
        err.print(f"[cyan]hint:[/] {console.plain(hint)}", soft_wrap=True)
    return code


def _without_streams(error: OSError) -> int:
    """Say that a standard stream cannot be written to, on the other one if that can."""
    with contextlib.suppress(OSError):
        print(f"error: cannot write the output: {os.strerror(error.errno or 0).lower()}", file=sys.stderr, flush=True)
    streams.close(sys.stdout, sys.stderr)
    return DiskError.exit_code


def _print_version(wanted: bool | None) -> None:
    if wanted:
        console.write(__version__)
        raise typer.Exit()


def _version_option(
    version: Annotated[
        bool | None,
        typer.Option("--version", "-V", help="Print the version and exit.", is_eager=True, callback=_print_version),
    ] = None,
) -> None:
    """Nothing is left to do where `--version` is not given."""


class _InOrder(Group):
    def list_commands(self, ctx: Any) -> list[str]:
        return [verb for verb in VERBS if verb in self.commands]


def _add_techniques(app: typer.Typer, verb: str, summary: str) -> None:
    group = _group()
    for name in techniques.having(verb):
        model = techniques.options(name, verb)
        package = importlib.import_module(f"dlcli.techniques.{name}")
        callback = command(model, _runner(verb, name), training=verb == "train")
        name = name.replace("_", "-")
        group.command(name, help=_help(package), cls=Command, context_settings=SETTINGS, epilog=_examples(model))(
            callback
        )
    app.add_typer(group, name=verb, help=summary)


def _add_run_command(app: typer.Typer, verb: str, summary: str) -> None:
    module = importlib.import_module(f"dlcli.cli.{verb}")
    models = {name: techniques.options(name, module.MODELS) for name in techniques.having(module.OF)}
    callback = changes({"": module.Common, **models}, module.run, module.USUAL, module.EXAMPLES)
    app.command(verb, help=summary, cls=Command, context_settings=SETTINGS, epilog=_listed(module.EXAMPLES))(callback)


def _add_figures(app: typer.Typer, verb: str, summary: str) -> None:
    _add_catalogue(app, verb, summary, figures.catalogue())


def _add_studies(app: typer.Typer, verb: str, summary: str) -> None:
    _add_catalogue(app, verb, summary, studies.catalogue())


def _add_catalogue(app: typer.Typer, verb: str, summary: str, models: Mapping[str, type[Options]]) -> None:
    group = _group()
    for name, model in models.items():
        callback = command(model, _runner(verb, name))
        group.command(name, help=_help(model), cls=Command, context_settings=SETTINGS, epilog=_examples(model))(
            callback
        )
    app.add_typer(group, name=verb, help=summary)


def _add_group(app: typer.Typer, verb: str, summary: str) -> None:
    group = _group()
    for name, (model, run) in importlib.import_module(f"dlcli.cli.{verb}").COMMANDS.items():
        group.command(name, help=_help(model), cls=Command, context_settings=SETTINGS)(command(model, run))
    app.add_typer(group, name=verb, help=summary)


def _add_checks(app: typer.Typer, verb: str, summary: str) -> None:
    module = importlib.import_module("dlcli.cli.check")
    callback = command(module.Check, module.run)
    app.command(verb, help=summary, cls=Command, context_settings=SETTINGS, epilog=module.examples())(callback)


def _add_doctor(app: typer.Typer, verb: str, summary: str) -> None:
    module = importlib.import_module("dlcli.cli.doctor")
    app.command(verb, help=summary, cls=Command, context_settings=SETTINGS)(command(module.Doctor, module.doctor))


def _group() -> typer.Typer:
    return typer.Typer(cls=Group, no_args_is_help=True, context_settings=SETTINGS, rich_markup_mode="rich")


def _runner(verb: str, subject: str) -> Callable[[Any, Call], None]:
    def run(options: Any, call: Call) -> None:
        # jax loads here, after the arguments have been checked.
        importlib.import_module(f"dlcli.cli.{verb}").run(subject, options, call)

    return run


def _help(described: Any) -> str:
    return str(described.__doc__ or "").split("\n\n")[0].replace("\n", " ")


def _examples(model: type[Options]) -> str | None:
    """Return the examples that the model lists, for the end of its help."""
    return _listed(model.examples) or None


def _listed(examples: tuple[str, ...]) -> str:
    return "\n\n".join(f"[dim]$ {line}[/]" for line in examples)


# In the order of a day's work.
VERBS: dict[str, tuple[str, Callable[[typer.Typer, str, str], None]]] = {
    "train": ("Train a new run.", _add_techniques),
    "resume": ("Go on with a run that was interrupted, stopped or finished.", _add_run_command),
    "eval": ("Measure a run on the test split.", _add_run_command),
    "sample": ("Draw from a trained generative model.", _add_techniques),
    "predict": ("Apply a trained model to inputs.", _add_techniques),
    "score": ("Say how probable a text is, token by token.", _add_techniques),
    "viz": ("Draw the picture that explains an idea, or a trained run.", _add_figures),
    "study": ("Run a controlled experiment of many small runs.", _add_studies),
    "check": ("Measure what the course states; fail where it does not hold.", _add_checks),
    "data": ("What a data set holds; problems in it; getting it.", _add_group),
    "runs": ("What has been trained.", _add_group),
    "doctor": ("This machine, its devices, its versions.", _add_doctor),
}
OF_TECHNIQUES = {verb for verb, (_, add) in VERBS.items() if add is _add_techniques}
