"""Tokenizer: breaks text into characters, words, or pieces of words that it learns."""
