"""The command line: everything that knows of terminals and the user's files."""
