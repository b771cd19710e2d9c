"""Rules such as "pf_ratio < 300 and age >= 60": checked word by word, then asked of a table."""

from __future__ import annotations

import ast
from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from cytolearn.wording import unknown

if TYPE_CHECKING:
    import pandas as pd

_ALLOWED = (
    ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.UAdd,
    ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Compare, ast.Lt, ast.LtE, ast.Gt, ast.GtE,
    ast.Eq, ast.NotEq, ast.In, ast.NotIn, ast.Name, ast.Load, ast.Constant, ast.Tuple, ast.List,
)  # fmt: skip
_LONGEST = 500  # characters
_HINT = "Write it like 'pf_ratio < 300 and age >= 60'"
_BITWISE = (ast.BitAnd, ast.BitOr, ast.Invert)


def checked_rule(rule: object, columns: Collection[str], what: str = "entry rule") -> str:
    """Return a rule, or say what is wrong with it.

    Parameters
    ----------
    rule : str
        Names of columns, numbers, texts in quotes, comparisons, ``+ - * /``, ``and``, ``or``,
        ``not``, ``in (...)``.
    columns : collection of str
        Names that may be asked for.
    what : str
        What the rule is for, in words.

    Raises
    ------
    ValueError
        No text, unreadable, an unknown column (the nearest is named), or something that is no
        rule, such as a call.
    """
    if not isinstance(rule, str) or not rule.strip():
        raise ValueError(f"The {what} is a text. {_HINT}; you gave {rule!r}.")
    if len(rule) > _LONGEST:
        raise ValueError(f"The {what} has {len(rule)} characters; at most {_LONGEST} are read.")
    rule = " ".join(rule.split())
    try:
        tree = ast.parse(rule, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        equal = " (equal is ==)" if "=" in rule else ""
        raise ValueError(f"The {what} '{rule}' cannot be read{equal}. {_HINT}.") from None
    for node in ast.walk(tree):
        if isinstance(node, _BITWISE):
            raise ValueError(
                f"The {what} '{rule}': write 'and', 'or' and 'not' in words, not & | ~."
            )
        if isinstance(node, ast.Constant) and not isinstance(node.value, (int, float, str)):
            raise ValueError(f"The {what} '{rule}': {node.value!r} is no number and no text.")
        if not isinstance(node, _ALLOWED):
            raise ValueError(
                f"The {what} '{rule}' may hold names, numbers, comparisons, and, or, not, in; "
                f"'{ast.unparse(node) if isinstance(node, ast.expr) else type(node).__name__}' is "
                f"none of them. {_HINT}."
            )
    asked = _names(tree)
    for name in asked:
        if name not in columns:
            raise ValueError(f"The {what} '{rule}': {unknown('column', name, columns)}")
    if not asked:
        raise ValueError(f"The {what} '{rule}' asks nothing about a patient. {_HINT}.")
    return rule


def conjuncts(rule: str) -> list[str]:
    """Return the conditions that must all hold, outermost ones only."""
    body = ast.parse(rule, mode="eval").body
    parts = body.values if isinstance(body, ast.BoolOp) and isinstance(body.op, ast.And) else [body]
    return [ast.unparse(part) for part in parts]


def needs(rule: str) -> set[str]:
    """Return the columns that a rule asks for."""
    return _names(ast.parse(rule, mode="eval"))


def _names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def holds(rule: str, frame: pd.DataFrame, what: str = "entry rule") -> np.ndarray:
    """Return for whom a checked rule holds, shape (rows,).

    Raises
    ------
    ValueError
        A text is compared with a number, or the answer is not yes or no.
    """
    try:
        with np.errstate(all="ignore"):
            answer = frame.eval(rule, engine="python")
        answer = np.broadcast_to(np.asarray(answer), (len(frame),))
    except Exception as error:  # whatever pandas says, the reader's rule is the cause
        raise ValueError(
            f"The {what} '{rule}' cannot be answered ({error}). Compare numbers with numbers and "
            f"texts with texts. {_HINT}."
        ) from None
    if answer.dtype != bool:
        raise ValueError(
            f"The {what} '{rule}' must be a question with the answer yes or no, such as "
            f"'{next(iter(sorted(needs(rule))))} > 1'."
        )
    return answer.copy()
