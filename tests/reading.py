"""Calls a verb of a technique, or a figure, on the run that its options name, as the command line does."""

from importlib import import_module

from dlcli import figures
from dlcli.techniques import opening


def _verb(verb, function, options):
    technique = type(options).__module__.split(".")[2]
    options, run = opening.opened(options, technique, f"{verb} {technique}")
    return getattr(import_module(f"dlcli.techniques.{technique}.{verb}"), function)(options, run)


def evaluate(options):
    return _verb("eval", "evaluate", options)


def sample(options):
    return _verb("sample", "sample", options)


def predict(options):
    return _verb("predict", "predict", options)


def score(options):
    return _verb("score", "score", options)


def draw(options):
    name = next(name for name, model in figures.catalogue().items() if model is type(options))
    return figures.draw(name, options)
