"""Word embeddings: skip-gram predicts the context of a word, CBOW a word from its context."""
