"""Metrics that merge: means and rates, classification, modes of a density, Fréchet distance, BLEU."""
