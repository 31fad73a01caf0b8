"""The names of the surfaces that optimizers are shown on, which the command line checks before it loads jax."""

from dlcli.nearest import did_you_mean

SURFACES = (
    *("rosenbrock", "beale", "himmelblau", "rastrigin", "saddle", "plateau", "ravine", "ackley", "styblinski-tang"),
    *("six-hump-camel", "booth", "matyas", "monkey-saddle", "goldstein-price"),
)


def surface_name(text: str) -> str:
    """Refuse a word that is neither the name of a surface nor a formula in x and y."""
    known = text in SURFACES or {"x", "y"} & set(text.split("-"))
    if not known and text.replace("-", "_").isidentifier():
        raise ValueError(f"must be {', '.join(SURFACES)} or a formula in x and y{did_you_mean(text, SURFACES)}")
    return text
