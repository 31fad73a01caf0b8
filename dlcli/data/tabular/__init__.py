"""Tables of numbers: sources, checks, batches."""
