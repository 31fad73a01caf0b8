"""Pictures, in three layers with one module per chart in each.

`charts` describes what is drawn, as plain data; `page` draws it with matplotlib, for a file; `terminal` draws it in
characters. `page` and `terminal` import `charts` and `palette`, and never each other. A chart `charts/NAME.py` has
`page/NAME.py` and `terminal/NAME.py`, each with a function `draw`.
"""
