"""The look of every app: one style sheet, in the colours of the page, light or dark."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from cytolearn.figures import theme

#: Colours of the figures and the CSS variable that replaces each in a live picture.
THEME_COLOURS: dict[str, str] = {
    theme.INK: "--cl-ink",
    theme.MUTED: "--cl-muted",
    theme.GRID: "--cl-grid",
    theme.BAND: "--cl-band",
    theme.GHOST: "--cl-ghost",
    theme.BENEFIT: "--cl-benefit",
    theme.HARM: "--cl-harm",
    **{colour: f"--cl-c{i}" for i, colour in enumerate(theme.CURVES, start=1)},
}

_LIGHT = {name: colour for colour, name in THEME_COLOURS.items()} | {
    "--cl-page": "#ffffff",
    "--cl-card": "#f6f8fa",
    "--cl-line": "#d5dbe1",
    "--cl-accent": "#00527f",
    "--cl-on-accent": "#ffffff",
    "--cl-error": "#9f2d00",
    "--cl-error-page": "#fff1ea",
}
# Dark: each colour light enough for 4.5:1 on the dark page, still told apart.
_DARK = {
    "--cl-ink": "#e6eaee",
    "--cl-muted": "#a9b4bf",
    "--cl-grid": "#3a434c",
    "--cl-band": "#20392f",
    "--cl-ghost": "#9aa5b1",
    "--cl-benefit": "#1f4a3a",
    "--cl-harm": "#5b3018",
    "--cl-c1": "#5bb8f0",
    "--cl-c2": "#ff9a52",
    "--cl-c3": "#f4f6f8",
    "--cl-c4": "#35c99a",
    "--cl-c5": "#e9a5cb",
    "--cl-c6": "#f2b632",
    "--cl-c7": "#9bd8ff",
    "--cl-page": "#111418",
    "--cl-card": "#1b2026",
    "--cl-line": "#39424b",
    "--cl-accent": "#5bb8f0",
    "--cl-on-accent": "#0c1116",
    "--cl-error": "#ffb08a",
    "--cl-error-page": "#3a1f14",
}


def _block(values: Mapping[str, str]) -> str:
    return "".join(f"{name}:{value};" for name, value in values.items())


@cache
def _rules() -> str:
    return (files(__package__) / "app.css").read_text(encoding="utf-8")


def style_sheet(marks: Mapping[str, float] | None = None) -> str:
    """Return the style element of an app.

    Parameters
    ----------
    marks : mapping of CSS class to float, optional
        Where on its track (0 to 1) each slider's baseline lies; drawn as a small tick.
    """
    font = "var(--jp-ui-font-family, system-ui, 'Segoe UI', Helvetica, Arial, sans-serif)"
    light = f".cl-app, .cl-live {{{_block(_LIGHT)}--cl-font:{font};}}"
    # JupyterLab and Notebook 7 say in an attribute of the body which theme is on.
    on = '[data-jp-theme-light="false"]'
    dark = f"{on} .cl-app, {on} .cl-live {{{_block(_DARK)}}}"
    ticks = "".join(f".{name} {{--cl-mark:{100 * at:.2f}%;}}" for name, at in (marks or {}).items())
    return f"<style>{light}{dark}{_rules()}{ticks}</style>"
