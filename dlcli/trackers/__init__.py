"""Trackers: logs of runs in other tools, while a run trains or afterwards.

`tracking.py` passes the events of training through to trackers, `export.py` logs a finished run. Each tracker is a
file in `services/`, found by its name, with a class `Service` (see `service.py`).
"""
