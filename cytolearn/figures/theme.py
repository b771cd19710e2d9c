"""Colours, line styles and sizes of every picture: one place, measured for colour-blind readers."""

from __future__ import annotations

from itertools import cycle, islice

#: Three curves: at least 57 CIELAB apart under protan, deutan and tritan vision. Then Okabe-Ito.
CURVES = ("#0072b2", "#d55e00", "#000000", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
#: Colour never stands alone: each curve has its own dash as well.
DASHES = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (8, 2)))

INK, MUTED, GRID, BAND, GHOST = "#1f2933", "#5c6773", "#e3e7ec", "#dcefe7", "#7b8794"
BENEFIT, HARM = "#c9e6da", "#fbdcc8"

#: The footer of every picture. It says what the numbers are and are not.
FOOTER = "Teaching model · wild-type virus, unvaccinated host · not for clinical use"

#: Matplotlib settings of every picture (passed to ``rc_context``, never set globally).
RC = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "axes.edgecolor": INK,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 8.5,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titlecolor": INK,
    "axes.titlepad": 9,
    "axes.axisbelow": True,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "lines.linewidth": 1.8,
    "figure.facecolor": "white",
}


def styles(n: int) -> list[tuple[str, object]]:
    """Return `n` pairs of colour and line style, in the order in which curves are drawn."""
    return list(islice(cycle(zip(CURVES, DASHES, strict=True)), n))
