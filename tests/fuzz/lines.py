"""Draws command lines from the option models themselves, so that a new option is tried without a change here."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from importlib import import_module
from random import Random
from typing import Any

from pydantic import ValidationError

from dlcli import checks, figures, studies, techniques
from dlcli.cli.typer_options import columns, flag
from dlcli.options.common import Cli, Options
from tests.fuzz.trained import FURTHER, small

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
_OTHERS = (
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
_STUDY = {"steps": 1, "seeds": 2, "rates": 1, "train_examples": 40, "optimizer": "sgd"}
_SIZE = 24  # what in-bounds numbers are drawn up to, beyond their lower bound
_ENORMOUS = 4096  # numbers above it may take as long as they like


@dataclasses.dataclass(frozen=True)
class Subject:
    """A command.

    Attributes:
        words: that call it.
        model: its options.
        base: options that make it small, where the line does not give others.
        training: whether it takes `--config` and `--plan`.
        spoken: names that its options may hold, such as those of runs and files.
    """

    words: tuple[str, ...]
    model: type[Options]
    base: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    training: bool = False
    spoken: Sequence[str] = ()


@dataclasses.dataclass
class Line:
    """A drawn command line.

    Attributes:
        words: after `dlcli`.
        config: values for a file, whose name stands for it among the words; None without one.
        known: what must come of it: 2 where the options are wrong, None where that cannot be told.
        enormous: whether it asks for so much that it may take long.
    """

    words: list[str]
    config: dict[str, Any] | None
    known: int | None
    enormous: bool


def subjects(runs: Mapping[str, str]) -> list[Subject]:
    """Return all commands; `runs` names the runs there are with their techniques."""
    found = [subject for name in techniques.names() for subject in _of_technique(name, runs)]
    for name, model in figures.catalogue().items():
        found.append(Subject(("viz", name), model, {}, spoken=list(runs)))
    for name, model in studies.catalogue().items():
        found.append(Subject(("study", name), model, _STUDY))
    for group in ("data", "runs"):
        for name, (model, _) in import_module(f"dlcli.cli.{group}").COMMANDS.items():
            found.append(Subject((group, name), model, {}, spoken=[*runs, "digits", "dates", "ring"]))
    found.append(Subject(("check",), import_module("dlcli.cli.check").Check, {}, spoken=checks.names()))
    return found


def _of_technique(name: str, runs: Mapping[str, str]) -> list[Subject]:
    own = [run for run, owner in runs.items() if owner == name]
    model = techniques.options(name, "train")
    base = {**small(name)[name], "device": "cpu", "max_time": 3}
    kept = {key: value for key, value in base.items() if key in model.model_fields}
    found = [Subject(("train", name), model, kept, training=True, spoken=own)] * 3  # it has most options
    for verb in ("sample", "predict", "score"):
        if of_verb := techniques.options(name, verb):
            found.append(Subject((verb, name), of_verb, {"run": own[0]}, spoken=own))
    found.append(Subject(("eval", own[0]), techniques.options(name, "eval"), {}, spoken=own))
    if name in techniques.having("resume"):
        found.append(Subject(("resume", own[0]), model, {"steps": FURTHER}, spoken=own))
    return found


def draw(random: Random, subject: Subject, files: Sequence[str]) -> Line:
    """Draw a command line; `files` are names of data, images and texts that are there."""
    fields = {name: _Field(name, column.field) for name, column in columns(subject.model).items()}
    given, drawn = _values(random, subject, fields, [*subject.spoken, *files])
    config = _for_file(random, fields, given) if subject.training and random.random() < 0.2 else None
    words = [*subject.words, *_words(random, fields, given)]
    known = _known(subject, fields, given, config)
    words += ["--config", "CONFIG"] if config is not None else []
    words += ["--json"] if random.random() < 0.25 else []
    words += ["--plan"] if subject.training and random.random() < 0.15 else []
    if random.random() < 0.08:
        words.insert(random.randrange(len(words) + 1), random.choice([*_OTHERS, *HOSTILE]))
        known = None
    enormous = subject.words[0] == "study" or any(_number(given.get(name, "")) > _ENORMOUS for name in drawn)
    return Line(words, config, known, enormous)


def _values(
    random: Random, subject: Subject, fields: Mapping[str, _Field], pool: Sequence[str]
) -> tuple[dict[str, str], list[str]]:
    """Return the options that the line gives, as text, and the names of those that were drawn."""
    given = {name: str(value) for name, value in subject.base.items() if name in fields}
    arguments = [name for name, field in fields.items() if field.argument and name != "run"]
    for name in arguments:
        given[name] = random.choice([*pool, *HOSTILE] if random.random() < 0.3 else pool)
    others = sorted(set(fields) - set(arguments))
    drawn = random.sample(others, min(len(others), random.randrange(5)))
    given |= {name: fields[name].value(random, pool) for name in drawn}
    if "epochs" in drawn:
        given.pop("steps", None)
    if subject.words[0] in ("eval", "resume"):
        given.pop("run", None)
    return given, drawn


def _words(random: Random, fields: Mapping[str, _Field], given: Mapping[str, str]) -> list[str]:
    """Return options in any order, each in one of its spellings, and then the arguments."""
    options = [name for name in given if not fields[name].argument]
    random.shuffle(options)
    words = [word for name in options for word in fields[name].spelt(random, given[name])]
    arguments = [given[name] for name in given if fields[name].argument]
    return words + (["--", *arguments] if any(each.startswith("-") for each in arguments) else arguments)


def _for_file(random: Random, fields: Mapping[str, _Field], given: dict[str, str]) -> dict[str, Any]:
    """Take some of the options away, for a file of them; now and then it holds more."""
    names = [name for name in given if not fields[name].argument and random.random() < 0.5]
    found: dict[str, Any] = {name: fields[name].plain(given.pop(name)) for name in names}
    if random.random() < 0.3:
        found[random.choice(["stepz", "out", "json", "class", "", "a b"])] = random.choice([1, None, [], {}, "x"])
    return found


def _known(
    subject: Subject, fields: Mapping[str, _Field], given: Mapping[str, str], config: Mapping[str, Any] | None
) -> int | None:
    """Return 2 where the model refuses the options; None otherwise, since more may be wrong than it knows."""
    if subject.words[0] in ("resume", "eval") or any("\udc80" <= c <= "\udcff" for c in "".join(given.values())):
        return None
    if any(name not in fields for name in config or {}):
        return 2
    values = {name: fields[name].read(text) for name, text in given.items()}
    try:
        subject.model(**{**(config or {}), **values})
    except ValidationError:
        return 2
    except Exception:  # which the program meets too, and must turn into its own words
        return None
    return None


def _number(text: str) -> float:
    try:
        return abs(float(text))
    except ValueError:
        return 0


class _Field:
    """An option: draws its values, from its own bounds and choices, and spells them."""

    def __init__(self, name: str, field: Any):
        self.name = name
        self.cli = next((each for each in field.metadata if isinstance(each, Cli)), Cli())
        self.argument = self.cli.argument
        self.default = field.default
        self.schema = _schema(name, field)
        self.kind = self.schema.get("type", "")
        self.choices = self.schema.get("enum") or ([self.schema["const"]] if "const" in self.schema else [])

    def value(self, random: Random, pool: Sequence[str]) -> str:
        """Draw a value as text: mostly one that is right, now and then one at the edge, or wrong."""
        kind = random.choices(["right", "edge", "wrong"], [6, 2, 2])[0]
        if self.kind == "boolean":
            return random.choice(["True", "False"])
        if kind == "wrong":
            return random.choice(HOSTILE)
        if self.kind in ("integer", "number"):
            return self._numeral(random, kind)
        if choices := self.choices or self.schema.get("items", {}).get("enum"):
            return str(random.choice(choices)) if kind == "right" else str(random.choice(choices)).upper()
        return random.choice(pool) if pool and kind == "right" else str(random.choice([*pool, *HOSTILE]))

    def _numeral(self, random: Random, kind: str) -> str:
        low = self.schema.get("minimum", self.schema.get("exclusiveMinimum", 0))
        high = self.schema.get("maximum", self.schema.get("exclusiveMaximum", low + _SIZE))
        if kind == "edge":
            step = 1 if self.kind == "integer" else 1e-9
            return f"{random.choice([low, low - step, low + step, high, high + step, high - step]):.12g}"
        if self.kind == "integer":
            return str(random.randint(int(low), int(min(high, low + random.choice([1, 4, _SIZE])))))
        return f"{random.uniform(low, min(high, low + 1)):.4g}"

    def spelt(self, random: Random, text: str) -> list[str]:
        """Return the words that give the option this value."""
        long = flag(self.name)
        if self.kind == "boolean":
            return [long if text == "True" else f"--no-{long[2:]}"]
        if self.schema.get("prefixItems"):
            return [long, *[text] * len(self.schema["prefixItems"])]
        if self.cli.short and random.random() < 0.3:
            return [self.cli.short, text]
        return [f"{long}={text}"] if random.random() < 0.3 else [long, text]

    def read(self, text: str) -> Any:
        """Return the value as the command line hands it to the model."""
        if self.kind == "array":
            return [text] * len(self.schema.get("prefixItems") or [0])
        return self.plain(text) if self.choices and isinstance(self.choices[0], int) else text

    def plain(self, text: str) -> Any:
        """Return the value as a file of options would hold it."""
        if self.kind == "boolean":
            return text == "True"
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text


def _schema(name: str, field: Any) -> dict[str, Any]:
    """Return the JSON schema of a field, without null."""
    from pydantic import create_model

    found = create_model("Of", **{name: (field.annotation, field)}).model_json_schema()["properties"][name]
    return {**found, **next((each for each in found.get("anyOf", ()) if each.get("type") != "null"), {})}
