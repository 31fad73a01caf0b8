"""Transformer: a decoder generates text, an encoder classifies it, an encoder-decoder translates it."""
