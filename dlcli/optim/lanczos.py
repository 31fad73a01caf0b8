"""Extreme eigenvalues of a symmetric matrix that is known only by its products with vectors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_TINY = 1e-10  # norm of a residual, relative to the largest coefficient, at which the space is exhausted


def eigenvalues(product: Callable[[np.ndarray], np.ndarray], size: int, iterations: int, seed: int = 0) -> np.ndarray:
    """Return the Ritz values of the Lanczos iteration, ascending; those at both ends converge first.

    Each vector is orthogonalized against all earlier ones, without which rounding repeats eigenvalues.

    Args:
        product: maps a vector, float64 [size], to the product with the matrix.
        size: rows of the matrix.
        iterations: number of products; fewer if the Krylov space is exhausted.
        seed: random seed of the first vector.

    Reference: Golub and Van Loan, "Matrix Computations", 4th edition, 2013, section 10.3.
    """
    first = np.random.default_rng(seed).standard_normal(size)
    vectors = [first / np.linalg.norm(first)]
    diagonal: list[float] = []
    beside: list[float] = []
    for _ in range(min(iterations, size)):
        residual = product(vectors[-1])
        diagonal.append(float(vectors[-1] @ residual))
        basis = np.stack(vectors)
        for _ in range(2):  # once is not enough in floating point
            residual = residual - basis.T @ (basis @ residual)
        beside.append(float(np.linalg.norm(residual)))
        if beside[-1] <= _TINY * max(map(abs, [*diagonal, *beside[:-1]])):
            break
        vectors.append(residual / beside[-1])
    used = beside[: len(diagonal) - 1]
    return np.linalg.eigvalsh(np.diag(diagonal) + np.diag(used, 1) + np.diag(used, -1))
