"""Options that record which of their values are read."""

import sys

# Reads every option to validate or to compare it, not to use it.
_CHECKING = ("dlcli.options", "dlcli.techniques.opening", "pydantic")


def recording(options, read):
    """Return the options; the name of each field that is read is added to the set `read`."""
    kind = type(options)

    def getattribute(self, name):
        if name in kind.model_fields and not _caller().startswith(_CHECKING):
            read.add(name)
        return object.__getattribute__(self, name)

    observed = type(kind.__name__, (kind,), {"__getattribute__": getattribute, "__module__": kind.__module__})
    object.__setattr__(options, "__class__", observed)
    return options


def _caller():
    return sys._getframe(2).f_globals.get("__name__", "")
