"""Reports: one HTML page about one or several runs.

`compose.py` puts the sections together. Each kind of section is a file with a function `parts`, which gets a run and
returns the parts of the section; an empty list if it does not apply to the run.
"""
