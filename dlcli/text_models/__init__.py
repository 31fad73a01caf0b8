"""What all techniques on text share: sampling, scoring and predicting with a trained model and its tokenizer."""
