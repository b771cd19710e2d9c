"""Formulas as Python syntax trees: their symbols, and what is left when some are zero."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

FUNCTIONS = frozenset({"exp", "ln", "log", "log10", "power"})


def names(node: ast.AST) -> set[str]:
    """Return the symbols of a formula."""
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} - FUNCTIONS


def needed(roots: Iterable[ast.expr], signals: Mapping[str, ast.expr]) -> set[str]:
    """Return the symbols of `roots` and of the signals among them, and of theirs ..."""
    found, todo = set(), list(roots)
    while todo:
        more = names(todo.pop()) - found
        found |= more
        todo += [signals[s] for s in more if s in signals]
    return found


def without(
    silent: Iterable[str], signals: Mapping[str, ast.expr], rates: Mapping[str, ast.expr]
) -> tuple[dict[str, ast.expr], dict[str, ast.expr]]:
    """Leave out states that stay 0, the signals that are constant by that, and void terms.

    Parameters
    ----------
    silent : iterable of str
        States that stay exactly 0.
    signals : mapping
        In an order in which each needs only earlier ones.
    rates : mapping

    Returns
    -------
    signals, rates : dict
        What is left; signals that no rate needs are left out too.
    """
    fixed = {s: ast.Constant(0) for s in silent}
    kept = {}
    for name, formula in signals.items():
        node = simplified(formula, fixed)
        if isinstance(node, ast.Constant):
            fixed[name] = node
        else:
            kept[name] = node
    rates = {name: simplified(node, fixed) for name, node in rates.items() if name not in fixed}
    used = needed(rates.values(), kept)
    return {name: node for name, node in kept.items() if name in used}, rates


def simplified(node: ast.expr, fixed: Mapping[str, ast.Constant]) -> ast.expr:
    """Put in what is known and leave out what it makes void: x + 0, 1*x, 0*x, 0/x.

    The value stays the same to the last bit.
    """
    match node:
        case ast.Name(id=name):
            return fixed.get(name, node)
        case ast.UnaryOp(op=op, operand=operand):
            inner = simplified(operand, fixed)
            return inner if _value(inner) == 0 else ast.UnaryOp(op, inner)
        case ast.Call(func=function, args=terms):
            return ast.Call(function, [simplified(term, fixed) for term in terms], [])
        case ast.BinOp(left=left, op=op, right=right):
            a, b = simplified(left, fixed), simplified(right, fixed)
            match type(op), _value(a), _value(b):
                case ast.Pow, _, 2:  # machines multiply faster than they raise
                    return ast.BinOp(a, ast.Mult(), a)
                case (ast.Add, 0, _) | (ast.Mult, 1, _) | (ast.Mult, _, 0):
                    return b
                case ((ast.Add | ast.Sub), _, 0) | ((ast.Mult | ast.Div), _, 1):
                    return a
                case ((ast.Mult | ast.Div), 0, _):
                    return a
            return ast.BinOp(a, op, b)
    return node


def is_zero(node: ast.expr) -> bool:
    """Say whether a formula, as `simplified` leaves it, is 0 whatever its symbols are."""
    return _value(node) == 0


def _value(node: ast.expr) -> float | None:
    return node.value if isinstance(node, ast.Constant) else None
