"""The processes of one run: how many there are and which one this is, from the environment; loads no jax.

Three variables describe them anywhere; under SLURM, Open MPI, Kubernetes and on TPU pods, the launcher's own variables
do, and jax finds the address of process 0 by itself.
"""

from __future__ import annotations

import dataclasses
import os
import re
from importlib.util import find_spec

from dlcli.errors import UsageError

COORDINATOR, PROCESSES, PROCESS = "DLCLI_COORDINATOR", "DLCLI_PROCESSES", "DLCLI_PROCESS"
_ADDRESS = re.compile(r"(?P<host>\[[0-9a-fA-F:.%]+\]|[^\s:\[\]]+):(?P<port>\d{1,5})")
_HINT = f"{COORDINATOR}=HOST:PORT, {PROCESSES}=N and {PROCESS}=0 … N-1 describe the processes of a run"
_MOST = 10_000  # processes
_alone = False


@dataclasses.dataclass(frozen=True)
class Processes:
    """The processes of a run, as one of them finds them.

    Attributes:
        index: number of this process; process 0 writes to the terminal and to the run folder.
        count: number of processes; 0 if only jax can find it.
        source: what describes them, such as "SLURM"; "" for a process that is alone.
        coordinator: address of process 0, HOST:PORT; None if jax finds it.
    """

    index: int = 0
    count: int = 1
    source: str = ""
    coordinator: str | None = None

    @property
    def several(self) -> bool:
        return self.count != 1

    @property
    def follows(self) -> bool:
        """Whether another process writes to the terminal and to the run folder."""
        return self.index > 0


def found() -> Processes:
    """Return the processes that the environment describes.

    Raises:
        UsageError: a variable is missing or not valid.
    """
    if _alone:
        return Processes()
    launched = _launched()
    address = os.environ.get(COORDINATOR)
    if not address:
        given = [name for name in (PROCESSES, PROCESS) if os.environ.get(name)]
        if given:
            raise UsageError(f"{given[0]} needs {COORDINATOR}, which is not set", hint=_HINT)
        return launched
    _check(address)
    if launched.several and not (os.environ.get(PROCESSES) or os.environ.get(PROCESS)):
        return dataclasses.replace(launched, coordinator=address)
    count, index = _number(PROCESSES, 1, _MOST), _number(PROCESS, 0, _MOST - 1)
    if index >= count:
        raise UsageError(f"{PROCESS} must be from 0 to {count - 1}, since {PROCESSES} is {count}, got {index}")
    return Processes(index, count, COORDINATOR, address)


def ignore() -> None:
    """Let this process work alone, whatever the environment describes."""
    global _alone
    _alone = True


def split_address(address: str) -> tuple[str, int]:
    """Return host and port of HOST:PORT."""
    match = _ADDRESS.fullmatch(address)
    assert match is not None  # checked by `found`
    return match["host"].strip("[]"), int(match["port"])


def seconds(name: str, default: int) -> int:
    """Return a variable in seconds, at least 1.

    Raises:
        UsageError: it is not a whole number.
    """
    return _number(name, 1, 86_400) if os.environ.get(name) else default


def _launched() -> Processes:
    """Return the processes that a launcher has started, as `jax.distributed.initialize` finds them."""
    for source, index, count, needed in (
        ("SLURM", "SLURM_PROCID", "SLURM_NTASKS", ("SLURM_JOB_ID", "SLURM_STEP_NODELIST", "SLURM_LOCALID")),
        ("Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", ()),
    ):
        names = (index, count, *needed)
        if all(os.environ.get(name) for name in names) and _number(count, 1, _MOST) > 1:
            address = None
            if source == "Open MPI" and "OMPI_MCA_orte_hnp_uri" not in os.environ and not os.environ.get(COORDINATOR):
                raise UsageError(
                    "this version of Open MPI does not publish the address of process 0",
                    hint=f"set it for all processes: mpirun -x {COORDINATOR}=HOST:PORT",
                )
            return Processes(_number(index, 0, _MOST), _number(count, 1, _MOST), source, address)
    return _pod() or Processes()


def _pod() -> Processes | None:
    """Return the processes of a TPU pod, or of an indexed job of Kubernetes."""
    hosts = [each for each in os.environ.get("TPU_WORKER_HOSTNAMES", "").split(",") if each]
    if len(hosts) > 1 and os.environ.get("TPU_WORKER_ID"):
        return Processes(_number("TPU_WORKER_ID", 0, len(hosts) - 1), len(hosts), "TPU pod")
    indexed = os.environ.get("KUBERNETES_SERVICE_HOST") and os.environ.get("JOB_COMPLETION_INDEX")
    if indexed and find_spec("kubernetes"):
        # The number of processes is known to the API of the cluster only; jax reads it there.
        return Processes(_number("JOB_COMPLETION_INDEX", 0, _MOST), 0, "Kubernetes")
    return None


def _check(address: str) -> None:
    match = _ADDRESS.fullmatch(address)
    if match is None or not 0 < int(match["port"]) < 2**16:
        raise UsageError(f"{COORDINATOR} must be HOST:PORT, got {address[:80]!r}", hint=_HINT)


def _number(name: str, least: int, most: int) -> int:
    text = os.environ.get(name)
    if not text:
        raise UsageError(f"{name} is not set", hint=_HINT)
    if not (text.isascii() and text.isdecimal() and len(text) < 9 and least <= int(text) <= most):
        raise UsageError(f"{name} must be a whole number from {least} to {most}, got {text[:40]!r}")
    return int(text)
