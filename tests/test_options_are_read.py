"""Every option of a technique is read while it trains: an option that does nothing would not be."""

import pytest

from dlcli import engine, techniques
from dlcli.engine import devices, direct
from tests.test_every_technique import LEARNERS, tiny

# Further runs, for the options that a tiny run does not need to read.
OTHER_RUNS = {}
CLI_OPTIONS = {"device", "name"}


def recording(options, read):
    """Return the options as an object that adds to `read` the name of each field whose value is accessed."""
    fields = type(options).model_fields

    def getattribute(self, name):
        if name in fields:
            read.add(name)
        return object.__getattribute__(self, name)

    kind = type(options)
    observed = type(kind.__name__, (kind,), {"__getattribute__": getattribute, "__module__": kind.__module__})
    object.__setattr__(options, "__class__", observed)
    return options


@pytest.mark.parametrize("name", techniques.names())
def test_training_reads_every_option(name, tmp_path):
    devices.prepare("auto")
    read = set()
    for number, changes in enumerate([{}, *OTHER_RUNS.get(name, [])]):
        options = tiny(name, out=tmp_path / str(number), **changes)
        if name in LEARNERS:
            list(engine.fit(techniques.learner(name), recording(options, read)))
        else:
            trainer = techniques.trainer(name)
            direct.finish(trainer, direct.begin(name, trainer, recording(options, read)))
    assert read >= set(techniques.options(name, "train").model_fields)
