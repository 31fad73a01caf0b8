"""How glibc's allocator keeps memory.

XLA allocates the temporary arrays of each step, and frees them at its end. By default, glibc returns large blocks to
the kernel, which gives them back page by page in the next step.
"""

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # M_TRIM_THRESHOLD, … of malloc.h


def keep() -> None:
    """Let glibc keep the memory of a step for the next one, which saves page faults; elsewhere do nothing.

    The thresholds hold for the main arena only, so that all threads must use this one. The limit has an effect only
    before another thread allocates memory for the first time: a program calls this before anything else.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # another C library
        return
    mallopt(_MMAP_THRESHOLD, 1 << 30)
    mallopt(_TRIM_THRESHOLD, 2**31 - 1)
    mallopt(_ARENA_MAX, 1)
