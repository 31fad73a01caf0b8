"""The memory of a step is kept for the next one."""

import platform
import subprocess
import sys

import pytest

# Fills 200 MB in a thread, several times; prints the page faults of the first and of the last time.
_FILL = """
import resource, threading
from dlcli import memory
{first}

def fill():
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        b"x" * 200_000_000
        faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)

faults = []
thread = threading.Thread(target=fill)
thread.start()
thread.join()
print(faults[0], faults[-1])
"""

# Calls the program with `--version`; prints the number of threads, and whether jax is loaded, at the time of `keep`.
_START = """
import sys, threading
from dlcli import memory
memory.keep = lambda: print(threading.active_count(), "jax" in sys.modules)
from dlcli.__main__ import main
sys.argv = ["dlcli", "--version"]
main()
"""

glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")


def _printed(script: str) -> list[str]:
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return found.stdout.split()


@glibc
def test_a_thread_gets_memory_again_without_page_faults():
    first, last = map(int, _printed(_FILL.format(first="memory.keep()")))
    assert first > 10_000
    assert last < first / 100


@glibc
def test_without_keeping_the_memory_is_mapped_each_time():
    first, last = map(int, _printed(_FILL.format(first="")))
    assert last > first / 2


def test_the_program_keeps_memory_before_anything_else_starts():
    assert _printed(_START)[:2] == ["1", "False"]
