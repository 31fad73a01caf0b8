"""Run folders: lookup, options and data facts, metrics, checkpoints, progress."""
