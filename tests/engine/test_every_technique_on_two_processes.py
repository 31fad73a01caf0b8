"""Every technique on two processes has the losses of one process."""

import socket

import pytest

from dlcli import techniques
from tests.comparing import records
from tests.engine.every_technique import LEARNERS, tiny
from tests.processes import Child

SHORT = {"steps": 4, "report_every": 1, "validate_every": 4}
# The gradient of a bias before batch normalization is zero but for rounding errors, which Adam and Muon divide by their
# own size; the statistics of the batch must be those of both processes.
CHANGES = {"cnn": {"optimizer": "sgd", "norm": "batch"}}


def train_all(folder):
    """Train a run of each technique; run by `Child`, alone or as one of two processes."""
    from dlcli import engine
    from dlcli.engine import group

    for name in LEARNERS:
        options = tiny(name, folder, **SHORT, **CHANGES.get(name, {}))
        list(engine.fit(techniques.learner(name), options))
    group.current().leave()


@pytest.fixture(scope="module")
def trained(made_once):
    def fill(folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{probe.getsockname()[1]}"
        variables = {"DLCLI_COORDINATOR": address, "DLCLI_PROCESSES": "2"}
        children = [
            Child(folder, train_all, folder / "two", environment={**variables, "DLCLI_PROCESS": str(index)})
            for index in range(2)
        ]
        children.append(Child(folder, train_all, folder / "one"))
        codes = [child.wait() for child in children]
        assert codes == [0, 0, 0], "\n".join(child.err.read_text() for child in children)

    return made_once("techniques-on-two-processes", fill)


@pytest.mark.parametrize("name", LEARNERS)
def test_two_processes_give_the_losses_of_one(trained, name):
    one, two = (
        {(each["step"], each["split"]): each["metrics"] for each in records(trained / count / name)}
        for count in ("one", "two")
    )
    assert len(one) >= SHORT["steps"] + 1
    assert one.keys() == two.keys()
    for place, metrics in one.items():
        losses = {metric: value for metric, value in metrics.items() if "loss" in metric}
        assert losses or place[1] == "validation"
        assert losses == pytest.approx({metric: two[place][metric] for metric in losses}, rel=1e-5, abs=1e-5), place
