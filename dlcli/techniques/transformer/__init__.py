"""Transformer: a decoder that writes text, an encoder that classifies it, or both for pairs of texts."""
