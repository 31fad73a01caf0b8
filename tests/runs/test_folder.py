"""Reading a run folder starts no thread and loads no jax."""

import subprocess
import sys

import pytest

from dlcli.runs.writer import RunWriter
from tests.linear import LineFacts, Train

READ = """
import sys, threading
from pathlib import Path
from dlcli.options.common import FitOptions
from dlcli.interface import Facts
from dlcli.runs.{module} import {name}

class Typed:
    class Options(FitOptions, extra="allow"):
        pass

    class Facts(Facts):
        features: int

run = {name}(Path(sys.argv[1]))
assert run.options(Typed).steps == 7
assert run.facts(Typed).features == 3
assert [record["step"] for record in run.metrics.read()] == [5]
assert run.saved_steps() == []
print(threading.active_count(), [name for name in ("jax", "orbax", "numpy") if name in sys.modules])
"""


@pytest.mark.parametrize(("module", "name"), [("folder", "RunFolder"), ("writer", "RunWriter")])
def test_reading_options_facts_and_metrics_loads_no_array_library(tmp_path, module, name):
    with RunWriter(tmp_path / "run") as run:
        run.create(Train(steps=7), LineFacts(features=3), {"technique": "tests"})
        run.metrics.append(5, "train", {"loss": 0.5})
    code = READ.format(module=module, name=name)
    done = subprocess.run([sys.executable, "-c", code, run.folder], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("1 []", "")
