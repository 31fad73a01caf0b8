"""Serves a run, or the surfaces, over HTTP: a page to play with, and a JSON API.

`app.py` has the routes, `subject.py` what is served, `kinds/` what the requests to each kind of page compute,
`worker.py` computes them in order and in batches, `access.py` decides who may send requests, and `pages/` has a page
named after each kind.
"""
