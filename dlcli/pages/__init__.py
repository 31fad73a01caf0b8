"""Self-contained HTML pages: a page is a list of sections of text, tables, pictures and interactive widgets.

`elements.py` has the parts of a page, `document.py` puts them into one file, and `assets/` has its style sheet and
scripts. A page loads nothing from the network and runs no script but its own.
"""
