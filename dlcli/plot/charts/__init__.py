"""What is drawn, as plain data: arrays, labels and titles. Imports neither matplotlib nor the terminal."""
