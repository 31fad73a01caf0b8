"""Arrays to pictures: matplotlib figures for files, and lines of text for the terminal.

Nothing is imported here, so that `dlcli.plot.terminal` can be had without matplotlib.
"""
