"""Shared by all fuzz tests: the fork server, small runs of every technique, and the campaign of a test."""

from pathlib import Path

import pytest

from tests.fuzz import harness
from tests.fuzz.small_runs import SmallRuns


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if here in Path(item.fspath).parents:
            item.add_marker(pytest.mark.slow)


def pytest_terminal_summary(terminalreporter):
    for name, (cases, seconds, cpu_seconds) in harness.costs.items():
        terminalreporter.write_line(f"{cases} cases, {seconds:.0f} s, {cpu_seconds:.0f} s of processor time: {name}")


@pytest.fixture(scope="session", autouse=True)
def _fork_server(tmp_path_factory):
    with harness.fork_server(tmp_path_factory.mktemp("server")):
        yield


@pytest.fixture(scope="session")
def runs(tmp_path_factory, _fork_server):
    """Return the small runs of all techniques."""
    return SmallRuns(tmp_path_factory.mktemp("runs"))


@pytest.fixture
def campaign(request, tmp_path):
    """Return a function that runs the cases of the test, and fails with the reports of all failing cases."""

    def run(run_case, cases):
        reports = harness.campaign(request.node.nodeid, run_case, cases, tmp_path)
        if reports:
            pytest.fail("\n".join([f"{len(reports)} cases fail", *reports]), pytrace=False)

    return run
