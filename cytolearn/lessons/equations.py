"""Equations read from the model's own text, with the learner's numbers in them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from cytolearn import physiology
from cytolearn.lessons.cards import plain
from cytolearn.wording import in_sentence, listing, number

#: A right-hand side with more characters than this is broken at its plus and minus signs.
LINE = 64
#: What still stands on one line of a page of 1024 px, left-hand side included, in letters. Where a
#: term is longer, sums in brackets that are longer than `BRACKET` are written row by row.
PAGE, BRACKET = 92, 26


@dataclass(frozen=True)
class Equation:
    """One line of the model: ``symbol' = formula`` or ``symbol := formula``."""

    symbol: str
    formula: str
    rate: bool


@cache
def section(title: str) -> Mapping[str, Equation]:
    """Return the equations below one heading of the model file, by symbol.

    Parameters
    ----------
    title : str
        The heading, as in "Type-I interferon".

    Raises
    ------
    ValueError
        If the model has no such heading.
    """
    text = (files(physiology) / f"{physiology.MODEL_NAME}.ant").read_text(encoding="utf-8")
    parts = re.split(r"// =+ (.*?) =+\n", text)
    bodies = dict(zip(parts[1::2], parts[2::2], strict=True))
    if title not in bodies:
        raise ValueError(f"The model has no section '{title}'. It has: {', '.join(bodies)}.")
    body = re.sub(r"//.*", "", bodies[title])
    found = re.findall(r"(\w+)\s*('?)\s*:?=\s*([^;]+);", body)
    return {
        symbol: Equation(symbol, " ".join(formula.split()), bool(prime))
        for symbol, prime, formula in found
    }


@cache
def _names() -> Mapping[str, str]:
    rows = (*physiology.rows("parameters"), *physiology.rows("readouts"))
    return {row["symbol"]: row["name"] for row in rows}


@dataclass(frozen=True)
class Equations:
    """Some equations of the model for one patient; shows itself as typeset formulas.

    Attributes
    ----------
    lines : tuple of Equation
    words : dict of str
        What each equation says, by symbol.
    names : dict of str
        Short names in place of those of the tables, by symbol.
    constants : dict of float
        The patient's constants that differ from the baseline.
    label : str
        Whose numbers they are.
    left_out : str
        What the equations leave out.
    unwritten : tuple of str
        Constants that are not written because they change nothing, by symbol.
    """

    lines: tuple[Equation, ...]
    words: Mapping[str, str]
    names: Mapping[str, str]
    constants: Mapping[str, float]
    label: str
    left_out: str
    unwritten: tuple[str, ...] = ()

    def _name(self, symbol: str) -> str:
        return self.names.get(symbol) or _names().get(symbol, symbol)

    def _value(self, symbol: str) -> float | None:
        value = self.constants.get(symbol, physiology.baseline().get(symbol))
        return None if value is None else float(value)

    def _leaf(self, symbol: str, latex: bool) -> str:
        value = self._value(symbol)
        if value is None:
            name = self._name(symbol)
            return rf"\text{{{name}}}" if latex else name
        text = number(value).replace(",", r"\," if latex else "")
        text = re.sub(r"e(-?\d+)$", r" \\cdot 10^{\1}", text) if latex else text
        changed = symbol in self.constants
        return (rf"\mathbf{{{text}}}" if latex else f"*{text}*") if changed else text

    def _left(self, line: Equation, latex: bool) -> str:
        name = self._name(line.symbol)
        if not latex:
            return f"change of {name} per day" if line.rate else name
        word = rf"\text{{{name}}}"
        return rf"\frac{{d\,{word}}}{{d\,\text{{day}}}}" if line.rate else word

    def _terms(self, line: Equation) -> list[str]:
        """Write the terms of a right-hand side, each narrow enough for the page."""

        def leaf(symbol: str) -> str:
            return self._leaf(symbol, True)

        room = PAGE - len(self._name(line.symbol))
        return [
            sign + _write(node, leaf, latex=True, inside=rank, stack=_letters(node, leaf) > room)
            for sign, node, rank in _terms(_tree(line.formula))
        ]

    def _unwritten(self) -> list[str]:
        """Name the constants that are not written; no line if there are none."""
        kinds = (("factors of 1", 1), ("terms of 0", 0))
        found = [
            (kind, [in_sentence(_names()[s]) for s in self.unwritten if self._value(s) == value])
            for kind, value in kinds
        ]
        said = listing(f"{kind} ({listing(names)})" for kind, names in found if names)
        return [f"Not written, because they change nothing here: {said}."] if said else []

    def __repr__(self) -> str:
        lines = [f"The numbers of {self.label}; a number in *stars* differs from the baseline."]
        for line in self.lines:
            lines.append(plain(self.words[line.symbol]))
            formula = _write(_tree(line.formula), lambda s: self._leaf(s, False), latex=False)
            lines.append(f"    {self._left(line, False)} = {formula}")
        return "\n".join([*lines, *self._unwritten(), plain(self.left_out)])

    def _repr_markdown_(self) -> str:
        parts = [
            f"With the numbers of **{self.label}**. A number in **bold** differs from the usual "
            "value; words are quantities that change from day to day."
        ]
        for line in self.lines:
            terms = self._terms(line)
            plain_length = len(re.sub(r"\\\w+|[{}]", "", "".join(terms)))
            if len(terms) > 1 and plain_length > LINE:
                right = r" \\ & \quad ".join(terms)
            else:
                right = " ".join(terms)
            formula = rf"\begin{{aligned}} {self._left(line, True)} = \;& {right} \end{{aligned}}"
            parts.append(f"{self.words[line.symbol]}\n\n$$\n{formula}\n$$")
        notes = (f"*{note}*" for note in (*self._unwritten(), self.left_out))
        return "\n\n".join([*parts, *notes])


def equations(spec: Mapping[str, object], constants: Mapping[str, float], label: str) -> Equations:
    """Return a lesson's equations for one patient.

    Constants at their usual value that change nothing, factors of 1 and terms of 0, are not
    written but named below. What differs from the usual value is always written.

    Parameters
    ----------
    spec : mapping
        ``sections`` of the model, symbols to ``show``, ``words``, ``names``, ``left_out``, and
        ``zero``: what is taken as absent, so that the formulas stay short.
    constants : mapping
        The patient's constants that differ from the baseline.
    label : str
        Whose numbers they are.
    """
    known = {s: line for name in spec["sections"] for s, line in section(name).items()}
    shown = [known[symbol] for symbol in spec["show"]]
    present = [replace(line, formula=without(line.formula, spec.get("zero", ()))) for line in shown]
    usual = {s: v for s, v in physiology.baseline().items() if v in (0, 1) and s not in constants}
    lines = tuple(replace(line, formula=without(line.formula, (), usual)) for line in present)
    gone = {
        symbol
        for before, after in zip(present, lines, strict=True)
        for symbol in shown_symbols([before]) - shown_symbols([after])
    }
    unwritten = tuple(symbol for symbol in usual if symbol in gone)
    return Equations(
        lines,
        spec["words"],
        spec.get("names", {}),
        dict(constants),
        label,
        spec["left_out"],
        unwritten,
    )


def without(formula: str, absent: Iterable[str], neutral: Mapping[str, float] | None = None) -> str:
    """Return a formula without what changes nothing in it: terms of 0, factors of 1.

    Parameters
    ----------
    formula : str
    absent : iterable of str
        Symbols that are set to zero.
    neutral : mapping of float, optional
        Symbols whose value is 0 or 1. They vanish where that changes nothing and stay elsewhere.

    Returns
    -------
    str
        A formula of the same value.

    Examples
    --------
    >>> without("a*(1 - b*c) + d*b", {"b"})
    'a'
    >>> without("k*x/(k + x) + b", (), {"k": 1, "b": 0})
    'x / (k + x)'
    """
    simpler = _Simpler(frozenset(absent), neutral or {})
    return ast.unparse(simpler.visit(_tree(formula))).replace("**", "^")


class _Simpler(ast.NodeTransformer):
    def __init__(self, absent: frozenset[str], neutral: Mapping[str, float]) -> None:
        self.absent, self.neutral = absent, neutral

    def _is(self, node: ast.expr, value: int) -> bool:
        if isinstance(node, ast.Name):
            return self.neutral.get(node.id) == value
        return isinstance(node, ast.Constant) and node.value == value

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(0) if node.id in self.absent else node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        self.generic_visit(node)
        return ast.Constant(0) if self._is(node.operand, 0) else node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        op, left, right = node.op, node.left, node.right
        if isinstance(op, (ast.Add, ast.Sub)):
            return self._sum(node)
        if isinstance(op, (ast.Mult, ast.Div)) and self._is(left, 0):
            return ast.Constant(0)
        if isinstance(op, ast.Mult) and self._is(right, 0):
            return ast.Constant(0)
        if isinstance(op, ast.Mult) and self._is(left, 1):
            return right
        if self._is(right, 1):  # times, over or to the power of 1
            return left
        return node

    def _sum(self, node: ast.BinOp) -> ast.expr:
        minus, left, right = isinstance(node.op, ast.Sub), node.left, node.right
        if self._is(right, 0):
            return left
        if self._is(left, 0):
            return ast.UnaryOp(ast.USub(), right) if minus else right
        if minus and self._is(left, 1) and self._is(right, 1):
            return ast.Constant(0)
        return node


def _tree(formula: str) -> ast.expr:
    return ast.parse(formula.replace("^", "**"), mode="eval").body


def _terms(node: ast.expr, sign: str = "") -> list[tuple[str, ast.expr, int]]:
    """Split a formula at its outermost plus and minus signs: sign, term, rank for its brackets."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        symbol = "+ " if isinstance(node.op, ast.Add) else "- "
        right = _terms(node.right, symbol) if isinstance(node.op, ast.Add) else None
        return _terms(node.left, sign) + (right or [(symbol, node.right, 2)])
    return [(sign, node, 1)]


def _letters(node: ast.expr, leaf) -> int:
    """Return how wide a formula is when written on one line, in letters."""
    if isinstance(node, ast.Name):
        return len(re.sub(r"\\[a-z]+|[{}]", "", leaf(node.id)))
    children = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
    parts = [_letters(child, leaf) for child in children]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return max(parts)
    return sum(parts) + (3 * (len(parts) - 1) if parts else len(ast.unparse(node)))


_FUNCTIONS = {"log10": r"\log_{10}", "exp": r"\exp"}
_RANK = {ast.Add: 1, ast.Sub: 1, ast.Mult: 2, ast.Div: 2, ast.Pow: 3}


def _write(node: ast.expr, leaf, *, latex: bool, inside: int = 0, stack: bool = False) -> str:
    """Write a formula; `inside` is the rank of the operator around it (decides on brackets).

    With `stack`, long sums in brackets are written row by row.
    """
    if isinstance(node, ast.Name):
        return leaf(node.id)
    if isinstance(node, ast.Constant):
        return number(node.value)
    if isinstance(node, ast.UnaryOp):
        return "-" + _write(node.operand, leaf, latex=latex, inside=2, stack=stack)
    if isinstance(node, ast.Call):
        arguments = ", ".join(_write(a, leaf, latex=latex) for a in node.args)
        if not latex:
            return f"{node.func.id}({arguments})"
        return rf"{_FUNCTIONS.get(node.func.id, node.func.id)}\left({arguments}\right)"
    rank = _RANK[type(node.op)]

    def part(child: ast.expr, around: int) -> str:
        return _write(child, leaf, latex=latex, inside=around, stack=stack)

    if isinstance(node.op, ast.Div) and latex:
        text = rf"\frac{{{part(node.left, 0)}}}{{{part(node.right, 0)}}}"
        return rf"\left({text}\right)" if inside > _RANK[ast.Pow] else text  # base of a power
    if isinstance(node.op, ast.Pow):
        text = (
            f"{part(node.left, 4)}^{{{part(node.right, 0)}}}"
            if latex
            else (f"{part(node.left, 4)}^{part(node.right, 4)}")
        )
        return text
    signs = {
        ast.Add: " + ",
        ast.Sub: " - ",
        ast.Mult: r" \cdot " if latex else " x ",
        ast.Div: " / ",
    }
    closer = isinstance(node.op, (ast.Sub, ast.Div))
    text = part(node.left, rank) + signs[type(node.op)] + part(node.right, rank + closer)
    if rank >= inside:
        return text
    if latex and stack and rank == 1 and _letters(node, leaf) > BRACKET:
        rows = r" \\ & ".join(sign + part(term, around) for sign, term, around in _terms(node))
        return rf"\left(\begin{{aligned}} & {rows} \end{{aligned}}\right)"
    return rf"\left({text}\right)" if latex else f"({text})"


def shown_symbols(lines: Iterable[Equation]) -> set[str]:
    """Return every symbol in some equations; names of functions are none."""
    nodes = [node for line in lines for node in ast.walk(_tree(line.formula))]
    functions = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    return {n.id for n in nodes if isinstance(n, ast.Name) and id(n) not in functions}
