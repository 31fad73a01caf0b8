"""Convolutional image classifier: a convolutional backbone and a classification head."""
