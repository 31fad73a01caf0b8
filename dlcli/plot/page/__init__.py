"""Charts as matplotlib figures, for files."""

import os

from dlcli import discovery
from dlcli.paths import cache_folder, expand_user, is_creatable

# Before matplotlib is imported. Where it cannot use its own folder, it makes one per process and prints a warning.
if "MPLCONFIGDIR" not in os.environ and not is_creatable(
    expand_user(os.environ.get("XDG_CONFIG_HOME") or "~/.config") / "matplotlib"
):
    os.environ["MPLCONFIGDIR"] = str(cache_folder("matplotlib"))

__getattr__ = discovery.lazy_modules(__name__)  # `page.surface`: the file `surface.py`
