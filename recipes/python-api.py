"""Train, measure, draw and report a CNN from Python; in a notebook each last line of a cell shows itself.

Data: digits (embedded). Machine: 2 cores of an AMD EPYC, shared with other work; Python 3.11, jax 0.10.2.
Time: 2 min 47 s, most of it for the pictures of the report. Result: test accuracy of 99.2 % (N = 359).
"""

import dlcli

run = dlcli.train("cnn", dataset="digits", steps=500, progress=True)
measured = run.evaluate()
print(f"accuracy {measured['accuracy']['value']:.1%} on the test split, N = {measured['accuracy']['n']}")

worst = min(measured["classification_report"]["per_class"], key=lambda row: row["f1-score"])
print(f"lowest F1: class {worst['class']}, {worst['f1-score']:.3f}")

figure = dlcli.draw("confusion", run=run, out="confusion.png")
print(f"{sum(map(sum, figure.numbers['counts']))} images in confusion.png")

print("report:", run.report("report.html"))
