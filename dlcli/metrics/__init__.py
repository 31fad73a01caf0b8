"""What is measured: metrics that merge, classification, modes of a density, Fréchet distance, BLEU."""
