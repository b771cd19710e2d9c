"""A matplotlib figure that also says in words what it shows."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

_MARGIN, _CORNER = 12, 12.0  # of a card, pixels
_COLOURS, _SHADES = 240, 16  # of a card: in all no more than a palette holds


class Picture(Figure):
    """A `matplotlib.figure.Figure` with a text twin.

    As the last line of a cell it shows itself: a card with alternative text for the eye, the twin
    as ``text/plain`` for screen readers, for graders and for notebook tests, which never compare
    pixels. It is an ordinary figure otherwise; ``savefig`` and all of matplotlib work.

    Parameters
    ----------
    *args, **kwargs
        As for `Figure`.
    twin : str
        What the picture shows, in words. Must not depend on the machine or on the time of day.
    """

    def __init__(self, *args: Any, twin: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.twin = twin

    def __repr__(self) -> str:
        return self.twin or "Picture without words"

    def png(self, dpi: float = 110) -> bytes:
        """Return the picture as PNG bytes."""
        return png_of(self, dpi)

    def svg(self) -> str:
        """Return the picture as SVG text, the same for the same figure."""
        return svg_of(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict, dict]:
        card = base64.b64encode(on_card(self.png())).decode()
        return {"text/plain": repr(self), "image/png": card}, {"image/png": {"alt": repr(self)}}


def png_of(figure: Figure, dpi: float = 110) -> bytes:
    """Return a figure as PNG bytes, the same for the same figure."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=dpi, metadata={"Software": None})
    return stream.getvalue()


def svg_of(figure: Figure) -> str:
    """Return a figure as SVG text, the same for the same figure."""
    import matplotlib as mpl

    stream = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "cytolearn", "svg.fonttype": "none"}):
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return stream.getvalue()


def on_card(png: bytes) -> bytes:
    """Lay a picture on a white card whose round corners let the page through.

    So it looks meant on a dark page, too, wherever the notebook is read. Colours become a palette,
    which makes the file a third as large.

    Parameters
    ----------
    png : bytes
        A picture on white.

    Returns
    -------
    bytes
        PNG.
    """
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    wide, high = (size + 2 * _MARGIN for size in picture.size)
    card = Image.new("RGB", (wide, high), "white")
    card.paste(picture, (_MARGIN, _MARGIN))
    card = card.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    palette = np.full((_COLOURS + _SHADES, 3), 255, np.uint8)
    used = np.reshape(card.getpalette()[: 3 * _COLOURS], (-1, 3))
    palette[: len(used)] = used
    # The last colours are white, from clear to solid: for the edge of the corners.
    x, y = (np.abs(np.arange(n) - (n - 1) / 2) - (n / 2 - _CORNER) for n in (wide, high))
    beyond = np.hypot(x.clip(0)[None, :], y.clip(0)[:, None])
    cover = (_CORNER - beyond + 0.5).clip(0, 1)
    shade = np.rint(cover * (_SHADES - 1)).astype(int)
    pixels = np.where(shade < _SHADES - 1, _COLOURS + shade, np.asarray(card))
    card = Image.fromarray(pixels.astype(np.uint8), "P")
    card.putpalette(palette.tobytes())
    clear = bytes([*[255] * _COLOURS, *np.linspace(0, 255, _SHADES).astype(int).tolist()])
    stream = io.BytesIO()
    card.save(stream, format="png", optimize=True, transparency=clear)
    return stream.getvalue()
