"""A matplotlib figure that follows a slider: drawn once, then only its curves move.

The solve takes a few milliseconds; what makes the usual ``interact`` + inline figure slow (half a
second a step) is matplotlib drawing ticks and text again and again. Here matplotlib draws the frame
once, as SVG, and each step sends only the curves, as SVG paths in a second ``widgets.HTML`` that
lies over the first. Core ipywidgets only, so it works in Lab, Notebook, Voila and saved notebooks.

The matplotlib figure stays the single source of truth: its lines hold the current data, and it is
what a saved notebook shows where no JavaScript runs.
"""

from __future__ import annotations

import base64
import html
import io
import itertools
import re
from collections.abc import Sequence
from typing import Any

import ipywidgets as W
import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.path import Path

from cytolearn.apps.style import THEME_COLOURS
from cytolearn.figures.picture import on_card, png_of, svg_of

_DASHES = {
    "--": "lines.dashed_pattern",
    "-.": "lines.dashdot_pattern",
    ":": "lines.dotted_pattern",
}
#: Curves are written on an integer grid of 1/8 point: short numbers, far finer than a pixel.
_GRID = 8
#: A point nearer than this to the straight line past it is left out, in steps of that grid.
_UNSEEN = 1.0
_Curve = np.ndarray | tuple[np.ndarray, np.ndarray]


class LiveFigure(W.GridBox):
    """Show a figure whose `lines` can be moved at the speed of a slider.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Drawn once. Make it with ``Figure()``, not with pyplot.
    lines : sequence of Line2D
        The lines that will move. All else is frame. Lines may be dashed, or be markers without a
        line, which are drawn as dots.
    alt : str
        What the picture shows, for readers who do not see it.
    boxes : sequence of (x, y, width, height), optional
        View boxes, in points, that cut the picture into panels which flow: three beside each other
        in a wide cell, one below the other on a phone. Without them the picture stays whole.
    panel_width : int, default 232
        Narrowest panel, in CSS pixels, before the panels flow into fewer columns.
    max_width : int, default 1500
        Widest picture, in CSS pixels.
    """

    _count = itertools.count(1)  # not a uuid: ids and with them the saved text stay the same

    def __init__(
        self,
        figure: Figure,
        lines: Sequence[Line2D],
        alt: str = "",
        *,
        boxes: Sequence[tuple[float, float, float, float]] = (),
        panel_width: int = 232,
        max_width: int = 1500,
    ) -> None:
        self.name = f"cl{next(self._count)}"
        self.rev = 0
        self._panel_width, self._max_width = panel_width, max_width
        cell = W.Layout(grid_area="1/1/2/2", margin="0", width="100%", min_width="0")
        self._frame, self._curves = W.HTML(layout=cell), W.HTML(layout=cell)
        super().__init__([self._frame, self._curves], layout=W.Layout(width="100%"))
        self.add_class("cl-live")
        self.replace(figure, lines, alt, boxes=boxes)

    def replace(
        self,
        figure: Figure,
        lines: Sequence[Line2D],
        alt: str = "",
        *,
        boxes: Sequence[tuple[float, float, float, float]] = (),
    ) -> None:
        """Show another figure in the same place."""
        self.figure, self.lines, self.alt = figure, list(lines), alt
        width, height = figure.get_size_inches() * 72
        self._boxes = [tuple(map(float, b)) for b in boxes] or [(0.0, 0.0, width, height)]
        self.redraw()

    def redraw(self) -> None:
        """Draw the frame again: only when limits, labels or static curves have changed (0.2 s)."""
        frame = _svg_without(self.figure, self.lines, self.name)
        panels = "".join(
            f'<svg viewBox="{_numbers(box)}"><use href="#{self.name}f"/></svg>'
            for box in self._boxes
        )
        self._frame.value = (
            f'<svg width="0" height="0" style="position:absolute" aria-hidden="true">'
            f'<defs><g id="{self.name}f">{frame}</g></defs></svg>'
            f"{self._open(hidden=True)}{panels}</div>"
        )
        self._prepare()
        self.set_data([line.get_ydata() for line in self.lines])

    def set_data(self, curves: Sequence[_Curve], alt: str | None = None) -> None:
        """Move the lines: about 2 ms and one message.

        Parameters
        ----------
        curves : sequence
            One item a line: y values, shape (points,), or a pair (x, y). Points that are not finite
            (or not positive on a log axis) break the line.
        alt : str, optional
            What the picture shows now.
        """
        self.alt = self.alt if alt is None else alt
        self.rev += 1
        paths: list[list[str]] = [[] for _ in self._boxes]
        for line, curve, (panel, head, dots) in zip(self.lines, curves, self._heads, strict=True):
            if isinstance(curve, tuple):
                line.set_data(*curve)
            else:
                line.set_ydata(curve)
            strokes = self._strokes(line, dots=dots)
            paths[panel].append(f'{head}{_path(strokes, dots)}"/></g>')
        panels = "".join(
            f'<svg viewBox="{_numbers(box)}" aria-hidden="true">{"".join(p)}</svg>'
            for box, p in zip(self._boxes, paths, strict=True)
        )
        self._curves.value = f"{self._defs}{self._open(hidden=False)}{panels}</div>"

    @property
    def payload(self) -> int:
        """Bytes that the last step sent."""
        return len(self._curves.value.encode())

    def png(self, dpi: float = 110) -> bytes:
        """Return the picture as it stands as PNG bytes."""
        return png_of(self.figure, dpi)

    def svg(self) -> str:
        """Return the picture as it stands as a whole SVG file."""
        return svg_of(self.figure)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict, dict]:
        return picture_bundle(self, self.png(), self.alt)

    # ---- how it is written -------------------------------------------------------------------

    def _open(self, *, hidden: bool) -> str:
        if hidden:
            role = 'aria-hidden="true"'
        elif self.alt:
            role = f'role="img" data-rev="{self.rev}" aria-label="{html.escape(self.alt)}"'
        else:  # nothing is drawn yet, or the words stand beside it
            role = f'aria-hidden="true" data-rev="{self.rev}"'
        width = f"max-width:{self._max_width}px"
        if len(self._boxes) == 1:
            return f'<div class="cl-panels" {role} style="{width};grid-template-columns:1fr">'
        # Never more than three side by side: six panels then fill their rows.
        least = f"max({self._panel_width}px,30%)"
        columns = f"repeat(auto-fit,minmax(min(100%,{least}),1fr))"
        return f'<div class="cl-panels" {role} style="{width};grid-template-columns:{columns}">'

    def _prepare(self) -> None:
        """Work out once what does not change from step to step: clips, strokes, coordinates."""
        (_, height), scale = self.figure.get_size_inches() * 72, 72 / self.figure.dpi
        self._height, self._scale = height * _GRID, scale * _GRID
        clips, self._heads = [], []
        for i, ax in enumerate(self.figure.axes):
            b = ax.bbox
            clips.append(
                f'<clipPath id="{self.name}c{i}"><rect x="{b.x0 * scale:.1f}" '
                f'y="{height - b.y1 * scale - 1:.1f}" width="{b.width * scale:.1f}" '
                f'height="{b.height * scale + 2:.1f}"/></clipPath>'
            )
        self._defs = (
            '<svg width="0" height="0" style="position:absolute" aria-hidden="true">'
            f"<defs>{''.join(clips)}</defs></svg>"
        )
        for line in self.lines:
            ax = line.axes
            clip = f' clip-path="url(#{self.name}c{self.figure.axes.index(ax)})"'
            dots = line.get_linestyle() in ("None", "none", "", " ")
            width = line.get_markersize() if dots else line.get_linewidth()
            style = f"stroke:{themed(to_hex(line.get_color()))}"
            dash = _dash_of(line)
            dash_text = " ".join(f"{v * width * _GRID:.0f}" for v in dash)
            self._heads.append(
                (
                    self._panel_of(ax),
                    f"<g{clip if line.get_clip_on() else ''}>"
                    f'<path transform="scale({1 / _GRID:g})" fill="none" style="{style}" '
                    f'stroke-width="{width * _GRID:.0f}" stroke-linejoin="round" '
                    f'stroke-linecap="{"round" if dots else "butt"}"'
                    + (f' stroke-dasharray="{dash_text}"' if dash else "")
                    + ' d="',
                    dots,
                )
            )

    def _panel_of(self, ax: Any) -> int:
        """Find the panel whose box holds the middle of an axes."""
        width, height = self.figure.get_size_inches() * 72
        p = ax.get_position()
        x, y = (p.x0 + p.x1) / 2 * width, (1 - (p.y0 + p.y1) / 2) * height
        for i, (bx, by, bw, bh) in enumerate(self._boxes):
            if bx <= x <= bx + bw and by <= y <= by + bh:
                return i
        return 0

    def _strokes(self, line: Line2D, *, dots: bool) -> list[np.ndarray]:
        """Return the unbroken pieces of a line on the integer grid, each of shape (points, 2).

        Of a curve only the points are kept that the eye can tell from a straight line between their
        neighbours: about one in eight, so a step is a smaller message and is painted sooner.
        """
        with np.errstate(all="ignore"):
            points = line.get_transform().transform(line.get_xydata()) * self._scale
        points[:, 1] = self._height - points[:, 1]
        points[~np.isfinite(points).all(axis=1)] = np.nan
        # A point far outside the axes would only make the numbers long; the clip hides it anyway.
        points = np.clip(points, -4 * self._height, 8 * self._height)
        if dots:
            return [np.rint(points[np.isfinite(points[:, 0])]).astype(int)]
        if np.isnan(points).all():
            return []
        path = Path(points)
        path.should_simplify, path.simplify_threshold = True, _UNSEEN
        kept = path.cleaned(remove_nans=True, simplify=True)
        drawn = kept.codes != Path.STOP
        vertices, begins = np.rint(kept.vertices[drawn]).astype(int), kept.codes[drawn]
        pieces = np.split(vertices, np.flatnonzero(begins == Path.MOVETO)[1:])
        return [piece for piece in pieces if len(piece) > 1]


def picture_bundle(widget: W.DOMWidget, png: bytes, text: str) -> tuple[dict, dict]:
    """Return a widget's mime bundle with a picture and words for readers without JavaScript.

    Parameters
    ----------
    widget : DOMWidget
    png : bytes
        A picture on white; it is laid on a card.
    text : str
        What the picture shows.
    """
    bundle = W.DOMWidget._repr_mimebundle_(widget)
    data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
    data = {**data, "text/plain": text, "image/png": base64.b64encode(on_card(png)).decode()}
    return data, {**metadata, "image/png": {"alt": text}}


def themed(colour: str) -> str:
    """Return a colour as a CSS variable that also has a value for dark pages."""
    name = THEME_COLOURS.get(colour.lower())
    return f"var({name},{colour})" if name else colour


def _svg_without(figure: Figure, lines: Sequence[Line2D], salt: str) -> str:
    """Return the figure's SVG content without the moving lines, in the colours of the page."""
    shown = [line.get_visible() for line in lines]
    for line in lines:
        line.set_visible(False)
    try:
        stream = io.StringIO()
        with mpl.rc_context({"svg.hashsalt": salt, "svg.fonttype": "none"}):
            figure.savefig(
                stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None}
            )
    finally:
        for line, visible in zip(lines, shown, strict=True):
            line.set_visible(visible)
    svg = stream.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = svg[svg.index(">") + 1 : svg.rindex("</svg>")]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(r"<style type=\"text/css\">.*?</style>", "", svg, flags=re.S)
    # Plain text in the page's own font is smaller and sharper than outlines of glyphs.
    family = r"(font(?:-family)?: [^;\"']*)'?DejaVu Sans[^;\"]*"
    svg = re.sub(family, r"\1var(--cl-font)", svg)
    # One id space a figure: two figures in a page must not share clip paths or markers.
    svg = re.sub(r'\bid="(?!p[0-9a-f]{8})([^"]+)"', rf'id="{salt}-\1"', svg)
    svg = re.sub(r'xlink:href="#(?!p[0-9a-f]{8})([^"]+)"', rf'href="#{salt}-\1"', svg)
    svg = re.sub(r"#[0-9a-fA-F]{6}\b", lambda m: themed(m.group(0)), svg)
    return re.sub(r"\s*\n\s*", " ", svg)


def _dash_of(line: Line2D) -> Sequence[float]:
    """Return a line's dash in units of its width; empty for solid lines and for dots."""
    style = line.get_linestyle()
    if style in _DASHES:
        return mpl.rcParams[_DASHES[style]]
    pattern = getattr(line, "_unscaled_dash_pattern", (0, None))[1]  # matplotlib has no getter
    return pattern or ()


def _path(strokes: Sequence[np.ndarray], dots: bool) -> str:
    """Write unbroken pieces as SVG path data, each after its first point in relative steps."""
    if dots:  # a line of no length with round ends is a dot
        return "".join(f"M{x} {y}h0" for piece in strokes for x, y in piece.tolist())
    out = []
    for piece in strokes:
        (x, y), steps = piece[0], np.diff(piece, axis=0).ravel().tolist()
        out.append(f"M{x} {y}l{' '.join(map(str, steps))}")
    return "".join(out)


def _numbers(values: Sequence[float]) -> str:
    return " ".join(f"{v:g}" for v in values)
