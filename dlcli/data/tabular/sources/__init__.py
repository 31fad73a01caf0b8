"""Where tables of numbers come from, one file per source.

To add a source, add a file with a `BUILDER` (see `dlcli.data.tabular.builder`); the catalogue finds it by this folder.
"""
