"""The verbs: files of this folder whose first line is a summary and the form of the command.

The first line of `eval.py` is "Evaluate a run on the test split: `dlcli eval RUN`." Its function `commands` yields what
Typer needs. A verb that the command line does not name is not imported.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from dlcli import discovery, techniques
from dlcli.cli.typer_options import Call, command, command_of_any
from dlcli.options.common import Options

_PACKAGE = __name__.rpartition(".")[0]
_FIRST_LINE = re.compile(r'"""(?P<summary>[^`]+): `dlcli (?P<verb>[a-z]+)[^`]*`\.')
# A typical workflow; other verbs follow in alphabetical order.
_ORDER = (
    *("train", "resume", "eval", "sample", "predict", "score", "viz", "study", "tune", "check"),
    *("export", "import", "report", "data", "runs"),
)


Command = tuple[type[Options], Callable[[Any, Call], None]]  # the options of a command, and its function


@dataclasses.dataclass(frozen=True)
class Entry:
    """A command of a verb.

    Attributes:
        name: of the subject, the second word of the command; "" if the verb has none.
        help: its summary; "" for that of the verb.
        build: returns the function for Typer, and the text at the end of the command's help, in rich markup.
    """

    name: str
    help: str
    build: Callable[[], tuple[Callable[..., None], str | None]]


def names() -> list[str]:
    """Return all verbs, in the order in which the help lists them."""
    return list(_summaries())


def summary(verb: str) -> str:
    """Return one sentence for the help of a verb."""
    return _summaries()[verb]


def commands(verb: str) -> Iterator[Entry]:
    """Import the file of a verb, and yield its commands."""
    found: Iterable[Entry] = discovery.load(_PACKAGE, verb).commands()
    yield from found


def of_techniques(verb: str, run: Callable[[str, Any, Call], None]) -> Iterator[Entry]:
    """Yield a command for each technique that has the verb; `run` gets its name, the options and the call."""

    def build(name: str) -> tuple[Callable[..., None], str | None]:
        model = techniques.options(name, verb)
        callback = command(model, functools.partial(run, name), trains=name if verb == "train" else "")
        return callback, examples(model.examples)

    for name in techniques.having(verb):
        yield Entry(name, techniques.summary(name), functools.partial(build, name))


def of_searches(model: Callable[[str], type[Options]], run: Callable[[str, Any, Call], None]) -> Iterator[Entry]:
    """Yield a command for each technique that trains in steps; `model` returns its options when they are needed."""

    def build(name: str) -> tuple[Callable[..., None], str | None]:
        options = model(name)
        return command(options, functools.partial(run, name), configurable=True), examples(options.examples)

    for name in techniques.having("resume"):
        yield Entry(name, techniques.summary(name), functools.partial(build, name))


def of_models(models: Mapping[str, type[Options]], run: Callable[[str, Any, Call], None]) -> Iterator[Entry]:
    """Yield a command for each model, named by it; `run` gets its name, the options and the call."""
    for name, model in models.items():
        yield of_model(model, functools.partial(run, name), name)


def of_model(model: type[Options], run: Callable[[Any, Call], None], name: str = "", epilog: str = "") -> Entry:
    """Return the command of one model; its help ends with `epilog` and with examples."""
    texts = "\n\n".join(filter(None, [epilog, examples(model.examples)]))
    return Entry(name, discovery.first_paragraph(model.__doc__), lambda: (command(model, run), texts or None))


def of_any_run(
    verb: str, common: type[Options], run: Callable[[dict[str, Any], Call], None], short_help: tuple[str, ...] = ()
) -> Iterator[Entry]:
    """Yield the command of a verb that reads a run of any technique.

    Args:
        verb: techniques that have it are offered.
        common: options of every technique.
        run: gets the given values and the call.
        short_help: options that `--help` shows; (): all that are not rare.
    """
    of = "train" if verb == "resume" else verb
    models = {name: techniques.options(name, of) for name in techniques.having(verb)}
    callback = command_of_any({"": common, **models}, run, short_help, common.examples)
    yield Entry("", "", lambda: (callback, examples(common.examples)))


def examples(lines: tuple[str, ...]) -> str | None:
    """Return command lines as the end of a help text."""
    return "\n\n".join(f"[dim]$ {line}[/]" for line in lines) or None


def modules(package: str) -> str:
    """Return the names of a package's modules with their summaries, as the end of a help text."""
    found = {name: discovery.summary(package, name) for name in discovery.names(package)}
    return "\n\n".join(f"[bold]{name}[/] [dim]{summary}[/]" for name, summary in found.items())


@functools.cache
def _summaries() -> Mapping[str, str]:
    found = {}
    for path in Path(__file__).parent.glob("*.py"):
        with path.open(encoding="utf-8") as file:
            if (first := _FIRST_LINE.match(file.readline())) and first["verb"].replace("-", "_") == path.stem:
                found[first["verb"]] = f"{first['summary']}."
    ranks = {verb: rank for rank, verb in enumerate(_ORDER)}
    return MappingProxyType(dict(sorted(found.items(), key=lambda each: (ranks.get(each[0], len(ranks)), each[0]))))
