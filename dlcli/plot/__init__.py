"""Arrays to pictures: matplotlib figures for files, and lines of text for the terminal.

Nothing heavy is imported here, so that `dlcli.plot.terminal` can be had without matplotlib.
"""

import os

from dlcli.paths import cache_folder, expand_user, is_creatable

# matplotlib would make a new folder each time, and say so, where it cannot have its own.
if "MPLCONFIGDIR" not in os.environ and not is_creatable(
    expand_user(os.environ.get("XDG_CONFIG_HOME") or "~/.config") / "matplotlib"
):
    os.environ["MPLCONFIGDIR"] = str(cache_folder("matplotlib"))
