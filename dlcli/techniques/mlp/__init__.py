"""Multilayer perceptron: fully connected layers that classify rows of numbers or predict a number."""
