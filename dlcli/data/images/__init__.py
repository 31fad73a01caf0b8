"""Image sets: sources, decoding, checks, augmentation, batches."""
