"""The names of the surfaces that optimizers are shown on, which the command line checks before it loads jax."""

SURFACES = (
    *("rosenbrock", "beale", "himmelblau", "rastrigin", "saddle", "plateau", "ravine", "ackley", "styblinski-tang"),
    *("six-hump-camel", "booth", "matyas", "monkey-saddle", "goldstein-price"),
)


def is_formula(text: str) -> bool:
    """Return whether a text is a formula in x and y, and not a word that should be the name of a surface."""
    return not text.replace("-", "_").isidentifier() or bool({"x", "y"} & set(text.split("-")))
