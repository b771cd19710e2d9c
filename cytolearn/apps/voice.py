"""The text twin on the page: seen by all, and said politely to screen readers.

Core ipywidgets cannot keep a live region (``HTML`` throws its content away at each update) and
give their sliders no accessible name. Where `anywidget` is installed, forty lines of JavaScript do
both, and wait until the learner stops dragging before they speak. Without it the words are shown
just as well, and each slider's number box carries its name.
"""

from __future__ import annotations

from collections.abc import Mapping

import ipywidgets as W

try:
    import anywidget
    import traitlets
except ImportError:  # optional: nothing but the two comforts above is lost
    anywidget = None

_PAUSE = 350  # ms without a change before the words follow

_SCRIPT = """
function nameSliders(app, names) {
  for (const [cls, name] of Object.entries(names))
    for (const handle of app.querySelectorAll(`.${cls} .noUi-handle:not([aria-label])`))
      handle.setAttribute("aria-label", name);
  // A slider of a tab is named by the label before it.
  for (const handle of app.querySelectorAll(".widget-slider .noUi-handle:not([aria-label])")) {
    const label = handle.closest(".widget-slider").querySelector(".widget-label");
    if (label?.textContent) handle.setAttribute("aria-label", label.textContent);
  }
}
function settleIn(app, names) {
  // Keys pressed in a list, slider or button are the app's, not JupyterLab's shortcuts. Lab looks
  // at the element that has the focus, so it must carry the mark itself.
  app.addEventListener("focusin", event =>
    event.target.setAttribute("data-lm-suppress-shortcuts", "true"));
  nameSliders(app, names);
  const watch = new MutationObserver(() => nameSliders(app, names)); // sliders come late
  watch.observe(app, { childList: true, subtree: true });
  return watch;
}
function render({ model, el }) {
  const words = document.createElement("div");
  words.className = "cl-twin";
  words.innerHTML = model.get("markup");
  const region = document.createElement("div");
  region.className = "cl-sr";
  region.setAttribute("role", "status");
  region.setAttribute("aria-live", "polite");
  el.append(words, region);
  let timer = 0;
  const follow = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      words.innerHTML = model.get("markup");
      region.textContent = model.get("text");
    }, PAUSE);
  };
  model.on("change:text", follow);
  let watch = null; // begins once the app is in the page
  const first = setInterval(() => {
    const app = el.closest(".cl-app");
    if (!app) return;
    clearInterval(first);
    watch = settleIn(app, model.get("names"));
  }, 100);
  return () => { clearTimeout(timer); clearInterval(first); watch?.disconnect(); };
}
export default { render };
""".replace("PAUSE", str(_PAUSE))


class Voice:
    """Shows the text twin and has it read out.

    Parameters
    ----------
    names : mapping of CSS class to str
        Accessible names of the sliders.

    Attributes
    ----------
    text : str
        The words, plain.
    """

    def __init__(self, names: Mapping[str, str] | None = None) -> None:
        self.text = ""
        self._live = anywidget is not None
        self.widget = _Live(names=dict(names or {})) if self._live else W.HTML()

    def say(self, text: str, markup: str) -> None:
        """Show `markup`, and read `text` out once the learner pauses."""
        self.text = text
        if self._live:
            with self.widget.hold_sync():
                self.widget.markup, self.widget.text = markup, text
        else:
            self.widget.value = f'<div class="cl-twin" role="status">{markup}</div>'


if anywidget is not None:

    class _Live(anywidget.AnyWidget):
        _esm = _SCRIPT
        text = traitlets.Unicode().tag(sync=True)
        markup = traitlets.Unicode().tag(sync=True)
        names = traitlets.Dict().tag(sync=True)
