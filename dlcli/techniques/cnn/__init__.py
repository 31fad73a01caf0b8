"""Convolutional image classifier: a backbone of convolutions, and a head that names the class."""
