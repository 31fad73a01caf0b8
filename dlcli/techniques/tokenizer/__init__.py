"""Tokenizer: splits text into characters, words or subwords."""
