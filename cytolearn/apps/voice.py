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
function nameSliders(el, names) {
  const app = el.closest(".cl-app");
  if (!app) return;
  // Keys pressed in a list, slider or button are the app's, not JupyterLab's shortcuts. Lab looks
  // at the element that has the focus, so it must carry the mark itself.
  if (!app.dataset.clKeys) {
    app.dataset.clKeys = "own";
    app.addEventListener("focusin", event => {
      event.target.setAttribute("data-lm-suppress-shortcuts", "true");
      // A slider of a tab is named by the label before it.
      const label = event.target.closest?.(".widget-slider")?.querySelector(".widget-label");
      if (event.target.matches?.(".noUi-handle:not([aria-label])") && label?.textContent)
        event.target.setAttribute("aria-label", label.textContent);
    });
  }
  for (const [cls, name] of Object.entries(names))
    for (const handle of app.querySelectorAll(`.${cls} .noUi-handle`))
      handle.setAttribute("aria-label", name);
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
      nameSliders(el, model.get("names"));
    }, PAUSE);
  };
  model.on("change:text", follow);
  const first = setInterval(() => {
    nameSliders(el, model.get("names"));
    if (el.closest(".cl-app")?.querySelector(".noUi-handle[aria-label]")) clearInterval(first);
  }, 300);
  return () => { clearTimeout(timer); clearInterval(first); };
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
