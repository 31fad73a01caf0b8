"""The kinds of pages: each file has a function `kind`, which returns what is served, and a page of its name."""
