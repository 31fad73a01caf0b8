"""The command tree, and how the program ends."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Annotated, Any, NoReturn

import typer

from dlcli import __version__, discovery, figures, interrupts, studies, techniques
from dlcli.cli import console, failure, several, streams
from dlcli.cli.typer_commands import Command, Group
from dlcli.cli.typer_options import Call, command, command_of_any
from dlcli.errors import DeviceError, DiskError, UserError
from dlcli.options.common import Options

_VERBS_PACKAGE = "dlcli.cli"
# Errors of writing to a stream: its disk is full, it is closed, or its terminal is gone.
_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EBADF, errno.EIO)
SETTINGS = {"help_option_names": ["-h", "--help"]}


def build(words: Collection[str] | None = None) -> typer.Typer:
    """Return the command tree; nothing here loads jax or numpy.

    Args:
        words: of the command line; a verb that is not among them gets its name and summary only, which halves the
            time of `dlcli --help`. None builds everything.
    """
    app = typer.Typer(
        name="dlcli",
        cls=_InOrder,
        help=(
            "A deep-learning laboratory for the terminal.\n\n"
            "Start with [bold]dlcli train cnn[/], then [bold]dlcli eval cnn[/] and [bold]dlcli viz confusion[/]."
        ),
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings=SETTINGS,
    )
    app.callback()(_version_option)
    for verb, described in VERBS.items():
        if words is None or verb in words:
            _add(app, verb, described)
        else:
            app.command(verb, help=described.summary)(lambda: None)
    return app


def main() -> NoReturn:
    """Run the program and exit: user errors as one line, or as JSON; bugs with a traceback."""
    streams.prepare()
    console.show_messages()
    try:
        code = _run()
    except OSError as error:  # a standard stream cannot be written to
        if error.errno not in _UNWRITABLE:
            raise
        code = _without_streams(error)
    several.finish(code or 0)
    if code and code in interrupts.CODES.values() and "jax" in sys.modules:
        interrupts.exit_now(code)  # an XLA function may still be running, and a normal exit could crash
    sys.exit(code or 0)


def _run() -> int | None:
    try:
        several.begin(sys.argv[1:])
        # For completion, the shell passes the words of its command line in a variable.
        code: int | None = build([*sys.argv[1:], *os.environ.get("COMP_WORDS", "").split()])(standalone_mode=False)
        sys.stdout.flush()
        return code
    except UserError as error:
        return failure.report(error.kind, str(error), error.hint, error.exit_code, error)
    except typer.TyperException as error:
        return failure.report("usage", error.format_message(), "", error.exit_code, error)
    except (KeyboardInterrupt, typer.Abort):
        return interrupts.CODES["SIGINT"]
    except (BrokenPipeError, SystemExit):  # Typer turns the first into the second
        streams.close(sys.stdout)  # the reader of the output is gone
        return 0
    except Exception as error:
        if known := _user_error(error):
            return failure.report(known.kind, str(known), known.hint, known.exit_code, error)
        if isinstance(error, OSError) and error.errno in _UNWRITABLE:
            raise
        hint = "this is a bug in dlcli; --debug shows where"
        return failure.report("bug", f"{type(error).__name__}: {error}", hint, 1, error)


def _user_error(error: Exception) -> UserError | None:
    """Return the user error behind a library's error; None for a bug."""
    if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error):
        hint = "reduce --batch-size, --count or the size of the model"
        return DeviceError(": ".join(["out of memory", *str(error).splitlines()[:1]]), hint=hint)
    if isinstance(error, OSError) and error.filename and error.strerror:
        return DiskError(f"{os.fsdecode(error.filename)} cannot be used: {error.strerror.lower()}")
    return None


def _without_streams(error: OSError) -> int:
    """Report on the other standard stream that one cannot be written to."""
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
    """`--version` does its work in its callback."""


class _InOrder(Group):
    def list_commands(self, ctx: Any) -> list[str]:
        return [verb for verb in VERBS if verb in self.commands]


@dataclasses.dataclass(frozen=True)
class Entry:
    """A command of the tree.

    Attributes:
        name: of the subject below a verb.
        help: its summary.
        callback: for Typer.
        epilog: text at the end of its help, in rich markup.
    """

    name: str
    help: str
    callback: Callable[..., None]
    epilog: str | None = None


@dataclasses.dataclass(frozen=True)
class Verb:
    """The first word of a command.

    Attributes:
        summary: one line for the help.
        entries: yields the commands of a verb; of one without subjects, the single command.
        has_subjects: whether a second word names the command.
    """

    summary: str
    entries: Callable[[str], Iterator[Entry]]
    has_subjects: bool = True


def _add(app: typer.Typer, verb: str, described: Verb) -> None:
    group = typer.Typer(cls=Group, no_args_is_help=True, context_settings=SETTINGS, rich_markup_mode="rich")
    for entry in described.entries(verb):
        add_to, name, summary = app, verb, described.summary
        if described.has_subjects:
            add_to, name, summary = group, entry.name, entry.help
        add_to.command(name, help=summary, cls=Command, context_settings=SETTINGS, epilog=entry.epilog)(entry.callback)
    if described.has_subjects:
        app.add_typer(group, name=verb, help=described.summary)


def _techniques(verb: str) -> Iterator[Entry]:
    for name in techniques.having(verb):
        model = techniques.options(name, verb)
        callback = command(model, _runner(verb, name), training=verb == "train")
        yield Entry(name, techniques.summary(name), callback, _examples(model.examples))


def _figures(verb: str) -> Iterator[Entry]:
    return _subjects(verb, figures.catalogue())


def _studies(verb: str) -> Iterator[Entry]:
    return _subjects(verb, studies.catalogue())


def _subjects(verb: str, models: Mapping[str, type[Options]]) -> Iterator[Entry]:
    for name, model in models.items():
        summary = discovery.first_paragraph(model.__doc__)
        yield Entry(name, summary, command(model, _runner(verb, name)), _examples(model.examples))


def _own_commands(verb: str) -> Iterator[Entry]:
    """Yield the commands that the file of a verb lists in `COMMANDS`."""
    for name, (model, run) in discovery.load(_VERBS_PACKAGE, verb).COMMANDS.items():
        yield Entry(name, discovery.first_paragraph(model.__doc__), command(model, run), _examples(model.examples))


def _check(verb: str) -> Iterator[Entry]:
    module = discovery.load(_VERBS_PACKAGE, verb)
    yield Entry("", "", command(module.Check, module.run), module.statements())


def _doctor(verb: str) -> Iterator[Entry]:
    module = discovery.load(_VERBS_PACKAGE, verb)
    yield Entry("", "", command(module.Doctor, module.run))


def _export(verb: str) -> Iterator[Entry]:
    module = discovery.load(_VERBS_PACKAGE, verb)
    examples = _examples(module.Export.examples)
    yield Entry("", "", command(module.Export, module.run), f"{module.formats()}\n\n{examples}")


def _any_run(verb: str) -> Iterator[Entry]:
    """Yield the command of a verb that reads a run of any technique."""
    module = discovery.load(_VERBS_PACKAGE, verb)
    models = {name: techniques.options(name, module.OPTIONS_OF) for name in techniques.having(verb)}
    examples = module.Common.examples
    callback = command_of_any({"": module.Common, **models}, module.run, module.SHORT_HELP, examples)
    yield Entry("", "", callback, _examples(examples))


def _examples(lines: tuple[str, ...]) -> str | None:
    return "\n\n".join(f"[dim]$ {line}[/]" for line in lines) or None


def _runner(verb: str, subject: str) -> Callable[[Any, Call], None]:
    def run(options: Any, call: Call) -> None:
        # jax loads here, after the arguments have been checked.
        discovery.load(_VERBS_PACKAGE, verb).run(subject, options, call)

    return run


# In the order of a typical workflow.
VERBS: dict[str, Verb] = {
    "train": Verb("Train a new run.", _techniques),
    "resume": Verb("Resume a run that was interrupted, stopped or finished.", _any_run, has_subjects=False),
    "eval": Verb("Evaluate a run on the test split.", _any_run, has_subjects=False),
    "sample": Verb("Sample from a trained generative model.", _techniques),
    "predict": Verb("Apply a trained model to inputs.", _techniques),
    "score": Verb("Compute the log-likelihood of a text, token by token.", _techniques),
    "viz": Verb("Draw a figure of a concept or of a trained run.", _figures),
    "study": Verb("Run a controlled experiment of many small runs.", _studies),
    "check": Verb("Verify the statements of the course by measurement.", _check, has_subjects=False),
    "export": Verb("Export a run to a format of another tool.", _export, has_subjects=False),
    "data": Verb("List, show, check and download data sets.", _own_commands),
    "runs": Verb("List, show, compare, rename and remove runs.", _own_commands),
    "doctor": Verb("Show this machine, its devices and versions.", _doctor, has_subjects=False),
}
