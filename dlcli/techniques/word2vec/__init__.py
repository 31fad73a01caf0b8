"""Word embeddings: each word's vector predicts its neighbours (skip-gram), or they predict it (CBOW)."""
