"""The processes of a run, as the environment describes them."""

import pytest

from dlcli import processes
from dlcli.errors import UsageError
from dlcli.processes import Processes

OPEN_MPI = {"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "3", "OMPI_MCA_orte_hnp_uri": "1.0;tcp://10.0.0.1:1"}
SLURM = {
    "SLURM_JOB_ID": "7",
    "SLURM_STEP_NODELIST": "node[1-2]",
    "SLURM_NTASKS": "2",
    "SLURM_PROCID": "1",
    "SLURM_LOCALID": "0",
}


@pytest.fixture(autouse=True)
def _not_alone(monkeypatch):
    # A command that works in one process alone, run by an earlier test, makes its process ignore the environment.
    monkeypatch.setattr(processes, "_alone", False)


@pytest.fixture
def environment(monkeypatch):
    def become(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return become


def given(address="10.0.0.1:1234", count="2", index="1"):
    return {"DLCLI_COORDINATOR": address, "DLCLI_PROCESSES": count, "DLCLI_PROCESS": index}


def test_without_variables_a_process_is_alone():
    assert processes.found() == Processes()
    assert not processes.found().several


def test_three_variables_describe_the_processes(environment):
    environment(**given())
    assert processes.found() == Processes(1, 2, "DLCLI_COORDINATOR", "10.0.0.1:1234")


@pytest.mark.parametrize(("launcher", "source", "count"), [(OPEN_MPI, "Open MPI", 3), (SLURM, "SLURM", 2)])
def test_the_variables_of_a_launcher_describe_the_processes(environment, launcher, source, count):
    environment(**launcher)
    assert processes.found() == Processes(1, count, source)


def test_one_task_of_slurm_is_alone(environment):
    environment(**{**SLURM, "SLURM_NTASKS": "1", "SLURM_PROCID": "0"})
    assert not processes.found().several


def test_an_address_is_enough_under_a_launcher(environment):
    environment(**OPEN_MPI, DLCLI_COORDINATOR="host:1234")
    assert processes.found() == Processes(1, 3, "Open MPI", "host:1234")


def test_open_mpi_without_an_address_asks_for_one(environment):
    environment(**{name: value for name, value in OPEN_MPI.items() if "orte" not in name})
    with pytest.raises(UsageError, match="address of process 0") as raised:
        processes.found()
    assert "DLCLI_COORDINATOR=HOST:PORT" in raised.value.hint


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        (given(count=""), "DLCLI_PROCESSES is not set"),
        (given(index=""), "DLCLI_PROCESS is not set"),
        (given(address=""), "needs DLCLI_COORDINATOR"),
        (given(address="host"), "must be HOST:PORT"),
        (given(address="host:99999"), "must be HOST:PORT"),
        (given(index="2"), "from 0 to 1"),
        (given(index="-1"), "whole number"),
        (given(count="two"), "whole number"),
    ],
)
def test_a_wrong_variable_is_a_usage_error(environment, variables, words):
    environment(**variables)
    with pytest.raises(UsageError, match=words):
        processes.found()


@pytest.mark.parametrize(("address", "expected"), [("a.b:1", ("a.b", 1)), ("[::1]:80", ("::1", 80))])
def test_an_address_is_split_into_host_and_port(address, expected):
    assert processes.split_address(address) == expected


def test_a_wrong_variable_ends_any_command_with_a_usage_error(environment, dlcli):
    environment(**given(count="x"))
    code, _, err = dlcli("train", "cnn")
    assert code == 2
    assert "DLCLI_PROCESSES must be a whole number" in err
