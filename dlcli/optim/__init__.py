"""Optimizers, learning-rate schedules, weight penalties, and surfaces that optimizers are shown on."""
