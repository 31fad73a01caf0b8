"""A row of the table is all that an optimizer needs."""

import json
import os
import subprocess
import sys
from pathlib import Path

from dlcli.options.common import TrainOptions
from dlcli.options.optimizers import OPTIMIZERS
from dlcli.techniques.rnn.options import Train as RnnOptions

ROW = """
    Optimizer(
        "adamax", lambda rules, _, betas: rules.optax.scale_by_adamax(*betas), 2e-3, 2e-3, 0.01, "diagonal", ("betas",)
    ),
"""
# Runs a command line on a copy of the table that has one row more.
PROGRAM = """
import importlib.util, json, sys
spec = importlib.util.find_spec("dlcli.options.optimizers")
table = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = table
source = open(spec.origin, encoding="utf-8").read()
exec(compile(source.replace("_ROWS = (", "_ROWS = (" + sys.argv[1], 1), spec.origin, "exec"), vars(table))
from dlcli.cli.app import main
for words in json.loads(sys.argv[2]):
    sys.argv = ["dlcli", *words]
    try:
        main()
    except SystemExit as ended:
        if ended.code:
            raise
"""


def test_a_new_row_is_an_optimizer_of_training_surfaces_and_studies(tmp_path):
    small = ["--steps", "2", "--rates", "1", "--seeds", "2", "--train-examples", "40"]
    commands = [
        ["viz", "optimizer-surface", "--optimizers", "adamax", "--steps", "5", "--json"],
        ["study", "optimizers", "--optimizer", "adamax", *small, "--json"],
    ]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, ROW, json.dumps(commands)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    surface, study = map(json.loads, done.stdout.splitlines())
    assert surface["optimizers"][0]["name"] == "adamax"
    assert study["optimizers"]["adamax"]["learning_rate"] == 2e-3


def test_an_optimizer_other_than_the_default_brings_its_own_learning_rate():
    assert TrainOptions(dataset="digits", optimizer="sgd").learning_rate == OPTIMIZERS["sgd"].learning_rate
    assert RnnOptions(optimizer="sgd").learning_rate == OPTIMIZERS["sgd"].learning_rate


def test_the_default_optimizer_has_the_learning_rate_of_its_technique():
    assert RnnOptions().learning_rate == RnnOptions(optimizer="muon").learning_rate == 1e-2


def test_a_given_learning_rate_is_kept():
    assert TrainOptions(dataset="digits", optimizer="sgd", learning_rate=0.5).learning_rate == 0.5
