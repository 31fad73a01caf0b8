"""Autoencoder: compresses images to short codes and reconstructs them; a variational one generates images."""
