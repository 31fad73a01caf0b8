"""Recurrent network for text: a language model or a classifier."""
