"""Serves a run over HTTP: a page to play with, and a JSON API.

`app.py` has the routes, `actions.py` what each request computes, `worker.py` computes one request at a time,
`access.py` decides who may send requests, and `pages/` has a page per kind of model.
"""
