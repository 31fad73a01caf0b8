"""Options that record which of their values are read."""

import sys

# Reads every option to validate or to compare it, not to use it.
_CHECKING = ("dlcli.options", "dlcli.techniques.opening", "pydantic")


def recording(options, read):
    """Return the options; the name of each field that is read is added to the set `read`."""
    kind = type(options)

    def getattribute(self, name):
        if name in kind.model_fields and not _is_checking(sys._getframe(1)):
            read.add(name)
        return object.__getattribute__(self, name)

    observed = type(kind.__name__, (kind,), {"__getattribute__": getattribute, "__module__": kind.__module__})
    object.__setattr__(options, "__class__", observed)
    return options


def _is_checking(frame):
    """Whether the caller checks the options; the property `initialization` is read by the engine."""
    return frame.f_globals.get("__name__", "").startswith(_CHECKING) and frame.f_code.co_name != "initialization"
