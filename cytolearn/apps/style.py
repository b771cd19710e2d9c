"""The look of every app: one style sheet, in the colours of the page, light or dark."""

from __future__ import annotations

from collections.abc import Mapping

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
# Dark: each colour light enough for 4.5:1 on the dark page, still told apart by colour-blind readers.
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


_RULES = """
.cl-app { container-type: inline-size; color: var(--cl-ink); font-family: var(--cl-font);
  --jp-widgets-input-background-color: var(--cl-page); --jp-widgets-input-color: var(--cl-ink);
  --jp-widgets-color: var(--cl-ink); --jp-widgets-label-color: var(--cl-ink);
  --jp-widgets-slider-active-handle-color: var(--cl-accent); --jp-brand-color1: var(--cl-accent);
  background: var(--cl-page); border: 1px solid var(--cl-line); border-radius: 10px;
  padding: 14px 16px 12px; box-sizing: border-box; max-width: 1500px; overflow: hidden; }
.cl-app .jupyter-widgets { margin: 0; }
.cl-app .widget-html-content, .cl-app .jupyter-widget-html-content { line-height: 1.45; font-size: 13px; }
.cl-app h3 { font-size: 17px; font-weight: 650; margin: 0; line-height: 1.3; color: var(--cl-ink); }
.cl-app h4 { font-size: 13px; font-weight: 650; margin: 0 0 4px; color: var(--cl-ink); }
.cl-app p { margin: 0 0 6px; }
.cl-muted { color: var(--cl-muted); }
.cl-head { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center;
  justify-content: space-between; overflow: visible !important; margin-bottom: 10px !important; }
.cl-tools { display: flex; flex-wrap: wrap; gap: 6px; overflow: visible !important; }
.cl-app button.jupyter-button { height: 30px; line-height: 28px; border-radius: 6px; padding: 0 12px;
  background: var(--cl-card); color: var(--cl-ink); border: 1px solid var(--cl-line); box-shadow: none;
  width: auto; font-size: 13px; font-weight: 500; }
.cl-app button.jupyter-button:hover:enabled { border-color: var(--cl-accent); color: var(--cl-accent); }
.cl-app button.jupyter-button.mod-primary, .cl-app button.jupyter-button.mod-active {
  background: var(--cl-accent); color: var(--cl-on-accent); border-color: var(--cl-accent); }
.cl-app button.jupyter-button.mod-primary:hover:enabled { color: var(--cl-on-accent); }
.cl-app :focus-visible { outline: 2px solid var(--cl-accent) !important; outline-offset: 2px; }
.cl-main { display: grid !important; grid-template-columns: 264px minmax(0, 1fr); gap: 18px;
  align-items: start; overflow: visible !important; }
@container (max-width: 719px) { .cl-main { grid-template-columns: minmax(0, 1fr); } }
.cl-controls { display: flex; flex-direction: column; gap: 9px; overflow: visible !important; min-width: 0; }
@container (max-width: 719px) { .cl-controls { display: grid !important;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 250px), 1fr)); gap: 10px 18px; } }
.cl-control { overflow: visible !important; min-width: 0; }
.cl-control .cl-row { display: grid !important; grid-template-columns: minmax(0, 1fr) 76px; gap: 10px;
  align-items: center; overflow: visible !important; height: 30px; }
.cl-control details, .cl-card details { font-size: 12px; color: var(--cl-muted); }
.cl-control summary { cursor: pointer; list-style: none; display: flex; justify-content: space-between;
  gap: 8px; font-size: 13px; color: var(--cl-ink); align-items: baseline; }
.cl-control summary::-webkit-details-marker { display: none; }
.cl-control summary b { font-weight: 600; }
.cl-control summary .cl-unit { color: var(--cl-muted); font-size: 12px; font-weight: 400; }
.cl-control summary .cl-why { color: var(--cl-accent); font-size: 12px; text-decoration: underline dotted; white-space: nowrap; }
.cl-control details > div { background: var(--cl-card); border-radius: 6px; padding: 8px 10px; margin: 4px 0; }
.cl-control .widget-slider, .cl-control .jupyter-widget-slider { width: 100%; height: 28px; margin: 0; }
.cl-app .noUi-base::after { content: ""; position: absolute; top: 7px; width: 2px; height: 8px; margin-left: -1px;
  background: var(--cl-ghost); left: var(--cl-mark, -99px); pointer-events: none; }
.cl-app .noUi-connect { background: var(--cl-accent); }
.cl-app .noUi-target { background: var(--cl-line); border: none; box-shadow: none; }
.cl-app .noUi-connects { background: var(--cl-line); }
.cl-app .noUi-handle { background: var(--cl-page) !important; border: 2px solid var(--cl-accent) !important; box-shadow: none !important; }
.cl-app input[type="number"], .cl-app input[type="text"], .cl-app select { border-radius: 6px !important;
  border: 1px solid var(--cl-line) !important; background-color: var(--cl-page) !important; color: var(--cl-ink) !important;
  font-size: 13px; height: 28px !important; }
.cl-number, .cl-number input { width: 76px !important; }
.cl-number .widget-label { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.cl-number { position: relative; }
.cl-treat { border-top: 1px solid var(--cl-line); padding-top: 10px !important; overflow: visible !important; }
@container (max-width: 719px) { .cl-treat { border-top: none; padding-top: 0 !important; } }
.cl-treat .jupyter-widget-toggle-buttons > div, .cl-treat .widget-toggle-buttons > div { gap: 4px; }
.cl-drug { width: 100% !important; }
.cl-drug .widget-label { display: none; }
.cl-drug select { width: 100%; }
.cl-view { min-width: 0; overflow: visible !important; }
.cl-view.jupyter-widget-tab > .jp-TabPanel-tabContents, .cl-app .jupyter-widget-TabPanel-tabContents,
.cl-app .widget-tab-contents { border: none !important; padding: 10px 0 0 !important; background: transparent; overflow: visible; }
.cl-app .jupyter-widget-tab > .lm-TabBar, .cl-app .widget-tab > .lm-TabBar { overflow-x: auto; border-bottom: 1px solid var(--cl-line); min-height: 34px; }
.cl-app .lm-TabBar .lm-TabBar-tab { background: transparent !important; border: none !important; color: var(--cl-muted) !important;
  font-size: 13px; padding: 0 10px !important; height: 33px !important; line-height: 33px !important; flex: 0 0 auto !important;
  min-width: 0 !important; max-width: none !important; transform: none !important; margin: 0 !important; }
.cl-app .lm-TabBar .lm-TabBar-tab.lm-mod-current { color: var(--cl-ink) !important; font-weight: 600;
  box-shadow: inset 0 -2px 0 var(--cl-accent); }
.cl-app .lm-TabBar .lm-TabBar-tab.lm-mod-current::before { display: none !important; }
.cl-live { display: grid !important; overflow: visible !important; }
.cl-live .widget-html-content, .cl-live .jupyter-widget-html-content { width: 100%; }
.cl-panels { display: grid; gap: 4px 10px; width: 100%; }
.cl-panels > svg { display: block; width: 100%; height: auto; overflow: hidden; }
.cl-panels text, .cl-live text { fill: var(--cl-ink); }
.cl-legend { display: flex; flex-wrap: wrap; gap: 2px 16px; font-size: 12.5px; margin: 0 0 6px; min-height: 20px; color: var(--cl-ink); }
.cl-legend span { display: inline-flex; gap: 6px; align-items: center; }
.cl-twin { background: var(--cl-card); border-radius: 8px; padding: 10px 14px; margin-top: 8px; font-size: 13px; line-height: 1.5; }
.cl-twin p { margin: 0; } .cl-twin ul { margin: 4px 0 0; padding-left: 18px; columns: 2 330px; column-gap: 28px; }
.cl-twin li { break-inside: avoid; }
.cl-error { background: var(--cl-error-page); color: var(--cl-error); border-left: 4px solid var(--cl-error);
  border-radius: 4px; padding: 8px 12px; margin: 6px 0; font-size: 13px; }
.cl-code { background: var(--cl-card); border: 1px solid var(--cl-line); border-radius: 8px; padding: 10px 14px; overflow-x: auto;
  font: 12.5px/1.55 var(--jp-code-font-family, monospace); color: var(--cl-ink); margin: 0 0 8px; user-select: all; white-space: pre; }
.cl-links { display: flex; flex-wrap: wrap; gap: 8px; }
.cl-links a { border: 1px solid var(--cl-line); border-radius: 6px; padding: 4px 12px; color: var(--cl-accent) !important; text-decoration: none; background: var(--cl-card); }
.cl-app table { border-collapse: collapse; font-size: 12.5px; margin: 4px 0 8px; color: var(--cl-ink); }
.cl-app table th, .cl-app table td { padding: 3px 12px 3px 0; text-align: left; border-bottom: 1px solid var(--cl-line); background: transparent; vertical-align: top; }
.cl-scroll { overflow-x: auto; }
.cl-tasks { background: var(--cl-card); border-radius: 8px; padding: 8px 14px; margin-bottom: 10px; font-size: 13px; }
.cl-tasks ol { margin: 2px 0 0; padding-left: 20px; }
.cl-foot { font-size: 11.5px; color: var(--cl-muted); margin-top: 6px; }
.cl-bar { display: flex; flex-wrap: wrap; gap: 8px 12px; align-items: center; overflow: visible !important; margin-bottom: 6px !important; }
.cl-sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (prefers-reduced-motion: no-preference) { .cl-app button { transition: border-color .15s, color .15s; } }
"""


def style_sheet(marks: Mapping[str, float] | None = None) -> str:
    """Return the style element of an app.

    Parameters
    ----------
    marks : mapping of CSS class to float, optional
        Where on its track (0 to 1) each slider's baseline lies; drawn as a small tick.
    """
    font = "var(--jp-ui-font-family, system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif)"
    light = f".cl-app, .cl-live {{{_block(_LIGHT)}--cl-font:{font};}}"
    # JupyterLab and Notebook 7 say in an attribute of the body which theme is on.
    dark = f'[data-jp-theme-light="false"] .cl-app, [data-jp-theme-light="false"] .cl-live {{{_block(_DARK)}}}'
    ticks = "".join(f".{name} {{--cl-mark:{100 * at:.2f}%;}}" for name, at in (marks or {}).items())
    return f"<style>{light}{dark}{_RULES}{ticks}</style>"
