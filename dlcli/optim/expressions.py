"""Formulas in x and y: parsed by a small grammar, never executed as Python.

A formula consists of numbers, `x`, `y`, `pi`, `e`, the operators + - * / **, and the functions of `FUNCTIONS`.
"""

from __future__ import annotations

import ast
import math
import warnings
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from dlcli.errors import UsageError

Field = Callable[[jax.Array, jax.Array], jax.Array]  # from x and y, of equal shape, to values

MAX_LENGTH = 200  # characters
MAX_DEPTH = 24  # nested operations
_MAX_EXPONENT, _MAX_NUMBER = 20, 1e6

FUNCTIONS: dict[str, tuple[int, Callable[..., jax.Array]]] = {
    "sin": (1, jnp.sin),
    "cos": (1, jnp.cos),
    "tan": (1, jnp.tan),
    "tanh": (1, jnp.tanh),
    "exp": (1, jnp.exp),
    "log": (1, jnp.log),
    "sqrt": (1, jnp.sqrt),
    "abs": (1, jnp.abs),
    "min": (2, jnp.minimum),
    "max": (2, jnp.maximum),
}
_NAMES: dict[str, Callable[..., Any]] = {
    "x": lambda x, y: x,
    "y": lambda x, y: y,
    "pi": lambda x, y: math.pi,
    "e": lambda x, y: math.e,
}
_OPERATORS: dict[type[ast.operator], Callable[..., Any]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.Div: lambda left, right: left / right,
}
_SIGNS: dict[type[ast.unaryop], Callable[..., Any]] = {ast.UAdd: lambda value: value, ast.USub: lambda value: -value}


def parse(text: str) -> Field:
    """Return the function of a formula.

    Raises:
        UsageError: the text is not a formula of the grammar, or is too long or too deeply nested.
    """
    if len(text) > MAX_LENGTH:
        raise UsageError(f"a formula must have at most {MAX_LENGTH} characters, found {len(text)}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as for "1if", which is refused below
            tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise UsageError(f"a formula must be in x and y, such as 'x**2 + 3*sin(y)', got {text!r}") from error
    evaluate = _Reader(text).read(tree, 0)
    return lambda x, y: jnp.broadcast_to(evaluate(x, y), jnp.shape(x))


class _Reader:
    """Turns the nodes of one formula into functions, and refuses those outside the grammar."""

    def __init__(self, text: str):
        self.text = text

    def read(self, node: ast.expr, depth: int) -> Callable[..., Any]:
        """Return the node as a function of x and y."""
        if depth > MAX_DEPTH:
            raise UsageError(f"a formula must nest at most {MAX_DEPTH} operations, found more")
        match node:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return self._number(number)
            case ast.Name(id=name) if name in _NAMES:
                return _NAMES[name]
            case ast.BinOp(op=ast.Pow()):
                return self._power(node, depth)
            case ast.Call(func=ast.Name(id=name), keywords=[]) if name in FUNCTIONS:
                return self._call(name, node.args, depth)
        return self._sum(node, depth)

    def _sum(self, node: ast.expr, depth: int) -> Callable[..., Any]:
        match node:
            case ast.UnaryOp(op=sign) if type(sign) in _SIGNS:
                return _applied(_SIGNS[type(sign)], self.read(node.operand, depth + 1))
            case ast.BinOp(op=operator) if type(operator) in _OPERATORS:
                parts = (self.read(each, depth + 1) for each in (node.left, node.right))
                return _applied(_OPERATORS[type(operator)], *parts)
        raise self._refused(node)

    def _number(self, number: float) -> Callable[..., Any]:
        if not abs(number) <= _MAX_NUMBER:
            raise UsageError(f"a number in a formula must be at most {_MAX_NUMBER:g}, found a larger one")
        # An array divided by zero is inf or NaN, where a Python number would raise an error.
        return lambda x, y: jnp.asarray(number, jnp.result_type(float))

    def _power(self, node: ast.BinOp, depth: int) -> Callable[..., Any]:
        exponent = node.right
        sign, number = 1, exponent
        if isinstance(exponent, ast.UnaryOp) and isinstance(exponent.op, ast.USub):
            sign, number = -1, exponent.operand
        value = number.value if isinstance(number, ast.Constant) else None
        if isinstance(value, bool) or not isinstance(value, int | float) or not value <= _MAX_EXPONENT:
            found = ast.get_source_segment(self.text.strip(), exponent) or "something else"
            raise UsageError(f"an exponent must be a number of at most {_MAX_EXPONENT}, got {found!r}")
        # An integer exponent, unlike a float, allows a negative base.
        power = sign * (int(value) if float(value).is_integer() else value)
        return _applied(lambda number: jnp.asarray(number) ** power, self.read(node.left, depth + 1))

    def _call(self, name: str, arguments: list[ast.expr], depth: int) -> Callable[..., Any]:
        count, function = FUNCTIONS[name]
        if len(arguments) != count:
            raise UsageError(f"{name} must have {count} argument{'s' * (count > 1)}, got {len(arguments)}")
        return _applied(function, *(self.read(each, depth + 1) for each in arguments))

    def _refused(self, node: ast.expr) -> UsageError:
        found = ast.get_source_segment(self.text.strip(), node) or self.text
        allowed = f"numbers, {', '.join(_NAMES)}, + - * / ** and {', '.join(FUNCTIONS)}"
        return UsageError(f"a formula must consist of {allowed}, got {found!r}")


def _applied(function: Callable[..., Any], *parts: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, y: function(*(part(x, y) for part in parts))
