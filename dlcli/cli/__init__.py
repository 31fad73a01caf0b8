"""The command line: terminals, arguments, and the files of the user."""
