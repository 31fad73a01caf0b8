"""What the campaign needs once: the warm process, and a small run of every technique."""

from pathlib import Path

import pytest

from tests.fuzz import harness
from tests.fuzz.trained import Trained


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if here in Path(item.fspath).parents:
            item.add_marker(pytest.mark.slow)


def pytest_terminal_summary(terminalreporter):
    for name, (cases, seconds, busy) in harness.costs.items():
        terminalreporter.write_line(f"{cases} cases, {seconds:.0f} s, {busy:.0f} s of processor time: {name}")


@pytest.fixture(scope="session", autouse=True)
def _warm(tmp_path_factory):
    with harness.warmed(tmp_path_factory.mktemp("warm")):
        yield


@pytest.fixture(scope="session")
def trained(tmp_path_factory, _warm):
    """Return the small runs of all techniques."""
    return Trained(tmp_path_factory.mktemp("trained"))


@pytest.fixture
def campaign(request, tmp_path):
    """Return what carries out the cases of the test that asks for it, and fails with all that are wrong."""

    def carry_out(attempt, cases, cache=None):
        reports = harness.campaign(request.node.nodeid, attempt, cases, tmp_path, cache)
        if reports:
            pytest.fail("\n".join([f"{len(reports)} cases fail", *reports]), pytrace=False)

    return carry_out
