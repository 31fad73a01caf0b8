"""Layers and blocks that several techniques share; they take numbers, never options."""
