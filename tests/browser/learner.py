"""What a learner does in the page of a lesson: look, click, drag, type. Waits on meaning only."""

import io
import os
import re
import signal

from PIL import Image

from benchmarks import browser

APP = ".cl-app"
PICTURE = ".cl-panels[data-rev]"
# Number the cells in the page, so that they can be found there; return what they say.
_CELLS = """() => window.jupyterapp.shell.currentWidget.content.widgets.map((cell, i) => {
  cell.node.dataset.place = i;
  return cell.model.sharedModel.getSource();
})"""
_RUN_CELL = """async ([place, source]) => {
  const book = window.jupyterapp.shell.currentWidget.content;
  book.activeCellIndex = place;
  book.widgets[place].model.sharedModel.setSource(source);
  await window.jupyterapp.commands.execute("notebook:run-cell");
}"""
# Wait until for a while nothing in the page has changed and nothing was said to or by the kernel:
# widgets draw in their own time, and one that was just drawn may ask something in its turn.
_SETTLED = """() => new Promise(done => {
  const calm = 100;  // ms
  let last = performance.now();
  const page = window.jupyterapp.shell.currentWidget.content.node;
  const observer = new MutationObserver(() => { last = performance.now(); });
  observer.observe(page, {childList: true, subtree: true, attributes: true});
  const look = () => {
    if (window.unanswered.size) last = performance.now();
    const rest = calm - (performance.now() - Math.max(last, window.spoken));
    if (rest > 0) return setTimeout(look, window.unanswered.size ? 10 : rest);
    observer.disconnect();
    requestAnimationFrame(done);
  };
  look();
})"""
_SHUT_DOWN = """() =>
  window.jupyterapp.shell.currentWidget.context.sessionContext.shutdown()"""
_PROCESS = """async () => {
  const kernel = window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
  const code = "import os; print(os.getpid())";
  const future = kernel.requestExecute({code, store_history: false});
  let text = "";
  future.onIOPub = message => {
    if (message.header.msg_type === "stream") text += message.content.text;
  };
  await future.done;
  return Number(text);
}"""
_SAVE = "() => window.jupyterapp.commands.execute('docmanager:save')"
# Show one screen of the notebook.
_SCROLL = """place => {
  const content = document.querySelector(".jp-NotebookPanel .jp-WindowedPanel-outer");
  content.scrollTop = place * content.clientHeight;
}"""
# What is on that screen: where it is in the notebook and in the window, its cells, whether the last
# one ends here, and what a picture of it would lack.
_ON_SCREEN = """() => {
  const content = document.querySelector(".jp-NotebookPanel .jp-WindowedPanel-outer");
  const edge = content.getBoundingClientRect();
  const seen = e => {
    const box = e.getBoundingClientRect();
    return e.isConnected && box.height > 0 && box.bottom > edge.top && box.top < edge.bottom;
  };
  const nodes = window.jupyterapp.shell.currentWidget.content.widgets.map(cell => cell.node);
  const end = nodes.at(-1).getBoundingClientRect().bottom;
  const ends = seen(nodes.at(-1)) && end <= edge.bottom;
  const over = [document.documentElement, content].map(e => e.scrollWidth - e.clientWidth);
  return {
    top: content.scrollTop,
    clip: {x: edge.left, y: edge.top, width: content.clientWidth,
           height: Math.ceil(ends ? end - edge.top : content.clientHeight)},
    cells: nodes.flatMap((node, i) => seen(node) ? [i] : []),
    ends,
    lacking: [
      ...over.filter(by => by > 0).map(by => `${by} px of width`),
      ...[...content.querySelectorAll("img")]
        .filter(image => seen(image) && !(image.complete && image.naturalWidth))
        .map(image => `the image of ${image.alt || "no name"}`),
    ],
  };
}"""
# What juts out of its cell, except what is made to scroll (wide tables, long formulas) or is meant
# for screen readers only. The first of a branch is enough: what lies in it juts out as well.
_TOO_WIDE = """() => {
  const found = [];
  const walk = (e, edge, place) => {
    if (!e.clientWidth || e.matches("svg, .lm-TabBar, .cl-sr, mjx-assistive-mml")) return;
    const over = e.getBoundingClientRect().right - edge;
    if (over > 1)
      found.push(`cell ${place}: ${e.tagName} ${e.className} ` +
                 `"${e.textContent.trim().slice(0, 40)}" by ${Math.round(over)} px`);
    else if (!e.matches(".cl-scroll, .cl-code, mjx-container"))
      for (const child of e.children) walk(child, edge, place);
  };
  for (const cell of document.querySelectorAll(".jp-NotebookPanel .jp-Cell"))
    for (const part of cell.querySelectorAll(".jp-OutputArea-output, .jp-RenderedMarkdown"))
      walk(part, cell.getBoundingClientRect().right, cell.dataset.place);
  return found;
}"""


class Learner:
    """Somebody who sits in front of a lesson's notebook in JupyterLab.

    Parameters
    ----------
    chromium : playwright.sync_api.Browser
    lesson : mapping
        The lesson's content.
    url : str
        Where the notebook is.
    """

    def __init__(self, chromium, lesson, url):
        self.chromium, self.lesson, self.url = chromium, lesson, url
        self.sources = []
        self.open()

    # ---- the notebook ------------------------------------------------------------------------

    def open(self):
        """Open the notebook in a page of its own and wait for its kernel."""
        self.page = browser.open_notebook(self.chromium, self.url, width=1024)

    def run_all(self):
        browser.run_all(self.page)
        self.sources = self.page.evaluate(_CELLS)

    def save(self):
        self.page.evaluate(_SAVE)

    def shut_down(self):
        self.page.evaluate(_SHUT_DOWN)

    def lose_kernel(self):
        """Have the kernel's process killed, as the system does when memory runs out."""
        os.kill(self.page.evaluate(_PROCESS), signal.SIGKILL)
        self.page.get_by_role("dialog").get_by_text("appears to have died").wait_for()

    def close(self):
        self.page.close()

    def reopen(self):
        """Close the page, open it again and wait for a new kernel."""
        self.close()
        self.open()

    def settled(self):
        """Wait until the kernel has worked off all that was clicked, and the page shows it."""
        self.page.evaluate(_SETTLED)

    def place(self, code):
        return next(i for i, source in enumerate(self.sources) if code in source)

    def cell(self, code):
        """Find the cell that holds a piece of code."""
        return self.page.locator(f'.jp-NotebookPanel .jp-Cell[data-place="{self.place(code)}"]')

    def failures(self):
        """Return what went wrong, in the words that the learner sees."""
        kinds = ("error", "stderr")
        outputs = [f'[data-mime-type="application/vnd.jupyter.{kind}"]' for kind in kinds]
        shown = self.page.locator(", ".join([*outputs, ".cl-error:visible"]))
        return shown.all_text_contents()

    def screens(self):
        """Scroll through the whole notebook; tell what is on each screen (see _ON_SCREEN)."""
        for place in range(99):
            self.page.evaluate(_SCROLL, place)
            self.settled()
            screen = self.page.evaluate(_ON_SCREEN)
            yield screen
            if screen["ends"]:
                return

    def whole_page(self):
        """Take one picture of the whole notebook.

        Returns
        -------
        PIL.Image.Image
            As wide as the notebook is in the window.
        list of str
            What the picture lacks.
        """
        self.page.mouse.move(0, 0)  # nothing lights up under it
        strips, cells, lacking = [], set(), []
        for screen in self.screens():
            shot = self.page.screenshot(clip=screen["clip"])
            strips.append((round(screen["top"]), Image.open(io.BytesIO(shot))))
            cells |= set(screen["cells"])
            lacking += screen["lacking"]
        whole = Image.new("RGB", (strips[0][1].width, max(at + s.height for at, s in strips)))
        for at, strip in strips:
            whole.paste(strip, (0, at))
        lacking += [f"cell {place}" for place in range(len(self.sources)) if place not in cells]
        return whole, lacking

    def too_wide(self):
        return self.page.evaluate(_TOO_WIDE)

    def wear(self, theme):
        """Change JupyterLab's theme, "light" or "dark"."""
        name = f"JupyterLab {theme.title()}"
        change = (
            "name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})"
        )
        self.page.evaluate(change, name)
        self.page.locator(f"body[data-jp-theme-name='{name}']").wait_for(state="attached")
        self.settled()

    def look_at(self, width, height):
        """Change the size of the window, in CSS pixels."""
        self.page.set_viewport_size({"width": width, "height": height})
        self.settled()

    # ---- questions ---------------------------------------------------------------------------

    def predict(self, prediction, letter=None):
        """Click an option and lock it in, or skip; return what is then said."""
        box = self.cell(f'lesson.predict("{prediction}")').locator(".cl-question")
        if letter is None:
            box.get_by_role("button", name="Skip").click()
        else:
            box.locator("input[type=radio]").nth("ABCDEFGH".index(letter)).click()
            box.get_by_role("button", name="Lock in").click()
        return self.said(box)

    def said(self, box):
        """Wait for the feedback of a question and return its words."""
        return self.read(box.locator(".cl-box"))

    def read(self, words):
        """Scroll to what is said and read it: cells out of sight are not drawn, so have no text."""
        words.wait_for()
        words.scroll_into_view_if_needed()
        self.page.wait_for_function("words => words.innerText", arg=words.element_handle())
        return words.inner_text()

    def open_app(self):
        """Answer what must be answered before the app opens, and wait for its first tab."""
        self.settled()  # the last prediction opens it, too, and takes the button away
        gate = self.cell("lesson.explore()").get_by_role("button", name="Skip and open")
        if gate.count():
            gate.click()
        self.app.locator(PICTURE).first.wait_for(state="attached")
        self.settled()
        self.open_tab(self.tabs[0])
        self.app.locator(PICTURE).first.wait_for()

    def answer(self, task, value):
        """Write an answer into a task's cell, run it, and return what is said of it."""
        place = self.place(f'lesson.check("{task}"')
        call = f'lesson.check("{task}", {value!r})'
        asked = rf'lesson\.check\("{task}", .*'
        source = re.sub(asked, lambda _: call, self.sources[place])
        self.page.evaluate(_RUN_CELL, [place, source])
        self.sources = self.page.evaluate(_CELLS)
        return self.task(task)

    def task(self, task):
        return self.read(self.cell(f'lesson.check("{task}"').locator(".cl-box"))

    def question(self, number):
        """Find the box of a quiz question, counted from 0."""
        return self.cell("lesson.quiz()").locator(".cl-question").nth(number)

    def try_option(self, number, letter):
        """Click an option of a quiz question and return what is said of it."""
        box = self.question(number)
        box.locator("input[type=radio]").nth("ABCDEFGH".index(letter)).click()
        box.get_by_role("button", name="Check my answer").click()
        box.locator(".cl-box").filter(has_text=f"{letter}:").wait_for()
        return self.said(box)

    # ---- the app -----------------------------------------------------------------------------

    @property
    def app(self):
        return self.cell("lesson.explore()").locator(APP)

    @property
    def rev(self):
        """The number of the picture on show: it grows whenever the picture is drawn again."""
        return int(self.app.locator(PICTURE).first.get_attribute("data-rev"))

    def press(self, name):
        """Press a button of the app and wait for what comes of it."""
        self.app.get_by_role("button", name=name, exact=True).click()
        self.settled()

    def open_tab(self, title):
        self.app.get_by_role("tab", name=title, exact=True).click()
        self.settled()

    @property
    def tabs(self):
        # the app's own row of tabs; a page may have another inside
        row = self.app.locator(".lm-TabBar-content").first
        return [text.strip() for text in row.locator(".lm-TabBar-tab").all_text_contents()]

    @property
    def panel(self):
        """What the open tab shows."""
        return self.app.locator(".widget-tab-contents > :visible").first

    def control(self, symbol):
        return self.app.locator(f".cl-at-{symbol}").first

    def value(self, symbol):
        return float(self.control(symbol).locator("input[type=number]").input_value())

    def new_value(self, symbol, before):
        """Wait until a control and the picture show something else; return the value."""
        self.page.wait_for_function(
            "([symbol, before]) => Number(document.querySelector("
            "`.cl-app .cl-at-${symbol} input[type=number]`).value) !== before",
            arg=[symbol, before],
        )
        self.settled()
        return self.value(symbol)

    def drag(self, symbol, steps=8):
        """Drag a slider with the mouse to the other half of its track; return the new value."""
        before, control = self.value(symbol), self.control(symbol)
        control.scroll_into_view_if_needed()
        handle = control.locator(".noUi-handle").bounding_box()
        track = control.locator(".noUi-base").bounding_box()
        x, y = (handle[a] + handle[b] / 2 for a, b in (("x", "width"), ("y", "height")))
        low = x > track["x"] + track["width"] / 2
        goal = track["x"] + track["width"] * (0.3 if low else 0.7)
        mouse = self.page.mouse
        mouse.move(x, y)
        mouse.down()
        mouse.move(goal, y, steps=steps)
        mouse.up()
        return self.new_value(symbol, before)

    def step(self, symbol):
        """Move a slider with the keyboard by one step; return the new value."""
        before = self.value(symbol)
        handle = self.control(symbol).locator(".noUi-handle")
        handle.focus()
        at, top = (float(handle.get_attribute(f"aria-value{end}")) for end in ("now", "max"))
        self.page.keyboard.press("ArrowLeft" if at >= top else "ArrowRight")
        return self.new_value(symbol, before)
