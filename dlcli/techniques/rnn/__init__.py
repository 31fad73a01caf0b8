"""Recurrent network over text: a language model that carries its state on, or a classifier."""
