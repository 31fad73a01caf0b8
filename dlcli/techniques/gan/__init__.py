"""Generative adversarial network: a generator of images or 2-D points, trained against a discriminator."""
