"""Generative adversarial network: a generator draws, a discriminator tells its drawings from real examples."""
