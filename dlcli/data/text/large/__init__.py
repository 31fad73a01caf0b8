"""Texts larger than memory: read in pieces, unpacked from tables, and encoded into shards."""
