"""The options of figures, one class each: `LearningCurves` has the options of `dlcli viz learning-curves`."""
