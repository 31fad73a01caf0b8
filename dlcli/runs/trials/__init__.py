"""Trials: runs that several processes and hosts divide among them, recorded in a journal file or a database."""
