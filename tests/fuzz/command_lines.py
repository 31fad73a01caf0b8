"""Generates random command lines from the options models, so that new options are covered without a change here."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from importlib import import_module
from random import Random
from typing import Any

from pydantic import ValidationError

from dlcli import checks, figures, studies, techniques
from dlcli.cli.typer_options import columns
from dlcli.export.options import Export, format_names
from dlcli.importing.options import Import
from dlcli.options.fields import Options, cli, flag, unmet_need
from dlcli.reports.options import Report
from tests.fuzz.small_runs import RESUMED_STEPS, STUDY, small

HOSTILE = (
    *("", " ", "-", "--", "-1", "0", "1", "2,2", "0.5", "1e3", "1e400", "nan", "inf", "-inf", "0x10", "1_0", "٣", "½"),
    *("9" * 25, "9" * 5000, "a" * 300, "/" * 300, "../..", "~", "~nobody", "$(id)", "%s%n", "{}", "{0.__class__}"),
    *("[red]x[/]", "\x1b[31mred\x1b[0m", "\x07", "a\nb", "a\tb", "\u2028", "\u202e", "é", "e\u0301", "🏳️‍🌈", "\udcff"),
    *(
        "/dev/null",
        "/dev/zero",
        "/proc/self/mem",
        "/proc",
        "/",
        ".",
        "none",
        "null",
        "None",
        "True",
        "NaN",
        "[]",
        "a,,b",
    ),
)
_UNKNOWN_WORDS = (
    "--stepz",
    "--lr",
    "--help",
    "-h",
    "--version",
    "-V",
    "-xyz",
    "--no-json",
    "--json=1",
    "--",
    "--config",
    "-c",
)
_STUDY = {**STUDY, "steps": 1, "train_examples": 40}
_RANGE = 24  # of valid numbers above their lower bound
_LARGE = 4096  # a command with a larger number may time out


@dataclasses.dataclass(frozen=True)
class Subject:
    """A command.

    Attributes:
        words: verb and subject.
        model: its options.
        base: options that keep it small, unless the command line overrides them.
        training: whether it has `--config` and `--plan`.
        names: possible values of its text options, such as runs and data sets.
    """

    words: tuple[str, ...]
    model: type[Options]
    base: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    training: bool = False
    names: Sequence[str] = ()


@dataclasses.dataclass
class Line:
    """A random command line.

    Attributes:
        words: after `dlcli`; `CONFIG` stands for the name of the config file.
        config: content of the config file; None: there is none.
        invalid: whether the options are certain to be refused.
        large: whether it may take long.
    """

    words: list[str]
    config: dict[str, Any] | None
    invalid: bool
    large: bool


def subjects(runs: Mapping[str, str]) -> list[Subject]:
    """Return all commands.

    Args:
        runs: the technique of each run, by the run's name.
    """
    found = [subject for name in techniques.names() for subject in _of_technique(name, runs)]
    for name, model in figures.catalogue().items():
        found.append(Subject(("viz", name), model, {}, names=list(runs)))
    for name, model in studies.catalogue().items():
        found.append(Subject(("study", name), model, _STUDY))
    for group in ("data", "runs"):
        for name, (model, _) in import_module(f"dlcli.cli.{group}").COMMANDS.items():
            found.append(Subject((group, name), model, {}, names=[*runs, "digits", "dates", "ring"]))
    found.append(Subject(("check",), import_module("dlcli.cli.check").Check, {}, names=checks.names()))
    found.append(Subject(("doctor",), import_module("dlcli.cli.doctor").Doctor))
    found.append(Subject(("report",), Report, {"figures": False}, names=list(runs)))
    found.append(Subject(("import",), Import, {"out": "imported"}, names=list(runs)))
    return found


def _of_technique(name: str, runs: Mapping[str, str]) -> list[Subject]:
    own = [run for run, owner in runs.items() if owner == name]
    model = techniques.options(name, "train")
    base = {**small(name)[name], "device": "cpu", "max_time": 3}
    kept = {key: value for key, value in base.items() if key in model.model_fields}
    train = Subject(("train", name), model, kept, training=True, names=own)
    found = [train] * 3  # likelier than the others, because it has the most options
    for verb in ("sample", "predict", "score"):
        if of_verb := techniques.options(name, verb):
            found.append(Subject((verb, name), of_verb, {"run": own[0]}, names=own))
    found.append(Subject(("eval", own[0]), techniques.options(name, "eval"), {}, names=own))
    found.append(Subject(("export",), Export, {"run": own[0], "out": "exported"}, names=[*format_names(), *own]))
    if name in techniques.having("resume"):
        found.append(Subject(("resume", own[0]), model, {"steps": RESUMED_STEPS}, names=own))
    return found


def draw(random: Random, subject: Subject, files: Sequence[str]) -> Line:
    """Return a random command line.

    Args:
        random: the source of all choices.
        subject: the command.
        files: names of existing data, images and texts.
    """
    fields = {name: _Field(name, column.field) for name, column in columns(subject.model).items()}
    given, drawn = _values(random, subject, fields, [*subject.names, *files])
    config = _move_to_file(random, fields, given) if subject.training and random.random() < 0.2 else None
    words = [*subject.words, *_words(random, fields, given)]
    invalid = _invalid(subject, fields, given, config)
    words += ["--config", "CONFIG"] if config is not None else []
    words += ["--json"] if random.random() < 0.25 else []
    words += ["--plan"] if subject.training and random.random() < 0.15 else []
    if random.random() < 0.08:
        words.insert(random.randrange(len(words) + 1), random.choice([*_UNKNOWN_WORDS, *HOSTILE]))
        invalid = False
    large = subject.words[0] == "study" or any(_magnitude(given.get(name, "")) > _LARGE for name in drawn)
    return Line(words, config, invalid, large)


def _values(
    random: Random, subject: Subject, fields: Mapping[str, _Field], pool: Sequence[str]
) -> tuple[dict[str, str], list[str]]:
    """Return the options of a command line as text, and the names of those with random values."""
    given = {name: str(value) for name, value in subject.base.items() if name in fields}
    arguments = [name for name, field in fields.items() if field.argument and name != "run"]
    for name in arguments:
        given[name] = random.choice([*pool, *HOSTILE] if random.random() < 0.3 else pool)
    others = sorted(set(fields) - set(arguments))
    drawn = random.sample(others, min(len(others), random.randrange(5)))
    given |= {name: fields[name].value(random, pool) for name in drawn}
    if subject.words == ("export",):
        given.setdefault("format", random.choice(format_names()))
    if "epochs" in drawn:
        given.pop("steps", None)
    if subject.words[0] in ("eval", "resume"):
        given.pop("run", None)
    if random.random() < 0.8:
        given = _without_unmet(subject, fields, given)
    return given, drawn


def _without_unmet(subject: Subject, fields: Mapping[str, _Field], given: Mapping[str, str]) -> dict[str, str]:
    """Return the options without those that have no effect, for which the command line would be refused."""
    values = {name: fields[name].from_words(text) for name, text in given.items()}
    try:
        options = subject.model.model_validate(values, context={"kept": set(values)})
    except Exception:  # the program finds the same error
        return dict(given)
    every = {name: getattr(options, name) for name in subject.model.model_fields}
    return {name: text for name, text in given.items() if unmet_need(subject.model, name, every) is None}


def _words(random: Random, fields: Mapping[str, _Field], given: Mapping[str, str]) -> list[str]:
    """Return the options in random order and spelling, then the arguments."""
    options = [name for name in given if not fields[name].argument]
    random.shuffle(options)
    words = [word for name in options for word in fields[name].words(random, given[name])]
    arguments = [given[name] for name in given if fields[name].argument]
    return words + (["--", *arguments] if any(each.startswith("-") for each in arguments) else arguments)


def _move_to_file(random: Random, fields: Mapping[str, _Field], given: dict[str, str]) -> dict[str, Any]:
    """Move some of the options to a config file, sometimes with an invalid entry; return its content."""
    names = [name for name in given if not fields[name].argument and random.random() < 0.5]
    found: dict[str, Any] = {name: fields[name].from_file(given.pop(name)) for name in names}
    if random.random() < 0.3:
        found[random.choice(["stepz", "out", "json", "class", "", "a b"])] = random.choice([1, None, [], {}, "x"])
    return found


def _invalid(
    subject: Subject, fields: Mapping[str, _Field], given: Mapping[str, str], config: Mapping[str, Any] | None
) -> bool:
    """Return whether the model refuses the options; the program may find further errors."""
    if subject.words[0] in ("resume", "eval") or any("\udc80" <= c <= "\udcff" for c in "".join(given.values())):
        return False
    if any(name not in fields for name in config or {}):
        return True
    values = {name: fields[name].from_words(text) for name, text in given.items()}
    try:
        subject.model(**{**(config or {}), **values})
    except ValidationError:
        return True
    except Exception:  # the program gets it too, and must turn it into an error message
        return False
    return False


def _magnitude(text: str) -> float:
    try:
        return abs(float(text))
    except ValueError:
        return 0


class _Field:
    """An option: random values from its bounds and choices, and their spelling."""

    def __init__(self, name: str, field: Any):
        self.name = name
        self.cli = cli(field)
        self.argument = self.cli.argument
        self.default = field.default
        self.schema = _schema(name, field)
        self.kind = self.schema.get("type", "")
        self.choices = self.schema.get("enum") or ([self.schema["const"]] if "const" in self.schema else [])

    def value(self, random: Random, pool: Sequence[str]) -> str:
        """Return a random value as text: mostly valid, sometimes at a bound or hostile."""
        kind = random.choices(["valid", "bound", "hostile"], [6, 2, 2])[0]
        if self.kind == "boolean":
            return random.choice(["True", "False"])
        if kind == "hostile":
            return random.choice(HOSTILE)
        if self.kind in ("integer", "number"):
            return self._random_number(random, kind)
        if choices := self.choices or self.schema.get("items", {}).get("enum"):
            return str(random.choice(choices)) if kind == "valid" else str(random.choice(choices)).upper()
        return random.choice(pool) if pool and kind == "valid" else str(random.choice([*pool, *HOSTILE]))

    def _random_number(self, random: Random, kind: str) -> str:
        low = self.schema.get("minimum", self.schema.get("exclusiveMinimum", 0))
        high = self.schema.get("maximum", self.schema.get("exclusiveMaximum", low + _RANGE))
        if kind == "bound":
            step = 1 if self.kind == "integer" else 1e-9
            return f"{random.choice([low, low - step, low + step, high, high + step, high - step]):.12g}"
        if self.kind == "integer":
            return str(random.randint(int(low), int(min(high, low + random.choice([1, 4, _RANGE])))))
        return f"{random.uniform(low, min(high, low + 1)):.4g}"

    def words(self, random: Random, text: str) -> list[str]:
        """Return the words of a command line that set the option."""
        long = flag(self.name)
        if self.kind == "boolean":
            return [long if text == "True" else f"--no-{long[2:]}"]
        if self.schema.get("prefixItems"):
            return [long, *[text] * len(self.schema["prefixItems"])]
        if self.cli.short and random.random() < 0.3:
            return [self.cli.short, text]
        return [f"{long}={text}"] if random.random() < 0.3 else [long, text]

    def from_words(self, text: str) -> Any:
        """Return the value as the command line passes it to the model."""
        if self.kind == "array":
            return [text] * len(self.schema.get("prefixItems") or [0])
        return self.from_file(text) if self.choices and isinstance(self.choices[0], int) else text

    def from_file(self, text: str) -> Any:
        """Return the value as a config file has it."""
        if self.kind == "boolean":
            return text == "True"
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text


def _schema(name: str, field: Any) -> dict[str, Any]:
    """Return the JSON schema of a field, without null."""
    from pydantic import create_model

    found = create_model("OneField", **{name: (field.annotation, field)}).model_json_schema()["properties"][name]
    return {**found, **next((each for each in found.get("anyOf", ()) if each.get("type") != "null"), {})}
