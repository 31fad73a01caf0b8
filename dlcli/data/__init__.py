"""Data: names to examples, examples to batches."""
