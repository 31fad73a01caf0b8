"""Every option of a technique is read while it trains: an option that does nothing would not be."""

import pytest

from dlcli import engine, techniques
from dlcli.engine import devices, direct
from tests.test_every_technique import LEARNERS, tiny


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


@pytest.mark.parametrize("technique", techniques.names())
def test_training_reads_every_option(technique):
    devices.prepare("auto")
    read = set()
    options = recording(tiny(technique).model_copy(update={"name": "run"}), read)
    if technique in LEARNERS:
        list(engine.fit(techniques.learner(technique), options))
    else:
        trainer = techniques.trainer(technique)
        direct.finish(trainer, direct.begin(technique, trainer, options))
    assert read >= set(type(options).model_fields)
