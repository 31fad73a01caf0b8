"""Text sets: files and tables, tokenizers, batches of tokens, pairs and words."""
