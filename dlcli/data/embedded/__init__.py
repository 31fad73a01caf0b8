"""Data sets that come with the installation: no network, no download."""
