"""Optimizers, learning-rate schedules and weight penalties."""
