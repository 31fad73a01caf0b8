"""Hyperparameter search: trials are runs in the folder of a search, shared by several processes and hosts."""
