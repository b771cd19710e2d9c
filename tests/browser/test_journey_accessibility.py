"""Each lesson's page for those who do not see it well, or at all, or who use no mouse.

Runs after test_journey.py, on the page that it leaves. CYTOLEARN_AXE names the file axe.min.js of
axe-core, which the project does not carry: ``npm install axe-core``.
"""

import os
from itertools import pairwise
from pathlib import Path

import pytest
from needs import missing

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

AXE = os.environ.get("CYTOLEARN_AXE", "")
GRAVE = ("moderate", "serious", "critical")
# JupyterLab draws a picture that is no widget without the alternative text that we send along; that
# we do send it is asserted below. A long formula scrolls, which in Chromium and Firefox arrow keys
# do as well: they let the focus into what scrolls.
_JUPYTERS_OWN = [".jp-RenderedImage img", "mjx-container"]
_AXE = """async ([include, exclude]) => {
  const found = await axe.run({include, exclude}, {resultTypes: ["violations"]});
  return found.violations.map(({id, impact, help, nodes}) => ({
    impact, words: `${id}: ${help}: ${nodes[0].html.slice(0, 200)} (${nodes.length} times)`,
  }));
}"""
_ALTS = """() => window.jupyterapp.shell.currentWidget.content.widgets
  .flatMap(cell => cell.model.sharedModel.getSource && cell.model.outputs
    ? cell.model.outputs.toJSON() : [])
  .filter(output => output.data?.["image/png"])
  .map(output => output.metadata?.["image/png"]?.alt ?? "")"""
# Where the focus is: its place among all elements of the app, whether it can be seen, and its name.
_FOCUS = """() => {
  const e = document.activeElement, app = e.closest(".cl-app");
  if (!app) return null;
  const style = getComputedStyle(e), box = e.getBoundingClientRect();
  return {
    place: [...app.querySelectorAll("*")].indexOf(e),
    box: ["left", "right", "top", "bottom"].map(
      (side, i) => box[side] - app.getBoundingClientRect()[i < 2 ? "left" : "top"]),
    ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1,
    size: Math.min(box.width, box.height),
    what: `${e.tagName} ${e.className} ${e.textContent.trim().slice(0, 30)}`,
  };
}"""
# Everything that a mouse could work in the app as it stands: what is shown, enabled and no radio
# button but the chosen one of its group.
_REACHABLE = """() => {
  const app = document.querySelector(".cl-app");
  const all = [...app.querySelectorAll("*")];
  const worked = "button, select, input, summary, a[href], [role=slider], [tabindex='0']";
  return all.filter(e => e.matches(worked) && !e.disabled && !e.closest("[disabled]")
                         && e.checkVisibility())
            .map(e => [all.indexOf(e), `${e.tagName} ${e.className} ${e.textContent.trim()}`]);
}"""
_FOCUS_FIRST = """() => {
  const first = document.createElement("span");
  first.tabIndex = -1;
  document.querySelector(".cl-app").prepend(first);
  first.focus();
  first.addEventListener("blur", () => first.remove(), {once: true});
}"""
# Keep what the live region of the app says from now on, and when the picture changes.
_LISTEN = """() => {
  const region = document.querySelector(".cl-app [aria-live=polite]");
  window.said = [];
  new MutationObserver(() => { window.said.push(region.textContent); })
    .observe(region, {childList: true, characterData: true, subtree: true});
  const rev = () => document.querySelector(".cl-app .cl-panels[data-rev]").dataset.rev;
  let seen = rev();
  window.drawn = [];
  new MutationObserver(() => {
    if (rev() !== seen) window.drawn.push(performance.now());
    seen = rev();
  }).observe(document.querySelector(".cl-app"), {childList: true, subtree: true});
}"""
PAUSE = 300  # ms; a little less than what the words wait for
_MOVING = """() => document.getAnimations({subtree: true})
  .filter(a => a.effect?.target?.closest?.(".cl-app, .cl-lesson"))
  .map(a => a.effect.target.className)"""
_TRANSITIONS = """() => [...document.querySelectorAll(".cl-app, .cl-app *, .cl-lesson *")]
  .filter(e => !e.closest(".noUi-target, .lm-TabBar") && e.checkVisibility())
  .filter(e => {
    const style = getComputedStyle(e);
    const moves = times => times.split(",").some(time => parseFloat(time) > 0);
    return moves(style.transitionDuration) || moves(style.animationDuration);
  })
  .map(e => `${e.tagName} ${e.className}`)"""
# Controls that a part of the app cuts off: their box leaves that of one that hides the rest.
_CUT_OFF = """() => [...document.querySelectorAll(
    ".cl-app button, .cl-app select, .cl-app input, .cl-app .noUi-target, .cl-app summary")]
  .filter(e => e.checkVisibility() && !e.closest(".cl-scroll, .lm-TabBar"))
  .filter(e => {
    const box = e.getBoundingClientRect();
    if (box.width <= 1) return false;
    for (let up = e.parentElement; up; up = up.parentElement) {
      const edge = up.getBoundingClientRect();
      if (getComputedStyle(up).overflowX !== "visible" &&
          (box.right > edge.right + 1 || box.left < edge.left - 1)) return true;
      if (up.matches(".cl-app")) return false;
    }
  })
  .map(e => `${e.tagName} ${e.className} ${e.textContent.trim().slice(0, 40)}`)"""


@pytest.fixture
def axe(learner):
    """Load axe-core into the lesson's page; return a function that names what is grave."""
    if not Path(AXE).is_file():
        missing("accessibility not checked: CYTOLEARN_AXE names no axe.min.js (npm: axe-core)")
    learner.page.add_script_tag(path=AXE)

    def check(*include):
        found = learner.page.evaluate(_AXE, [list(include), _JUPYTERS_OWN])
        return [each["words"] for each in found if each["impact"] in GRAVE]

    return check


def test_axe_finds_nothing_grave(learner, axe):
    learner.open_app()
    try:
        for theme in ("light", "dark"):
            learner.wear(theme)
            for title in learner.tabs:
                learner.open_tab(title)
                assert axe(".cl-app") == [], f"{theme}, {title}"
            assert axe(".jp-OutputArea-output", ".jp-RenderedMarkdown") == [], theme
    finally:
        learner.wear("light")
    alts = learner.page.evaluate(_ALTS)
    assert alts and all(len(alt) > 40 for alt in alts)


def goes_back(before, after):
    """Say whether a step of the focus goes against the way one reads: up, or left on a line."""
    left, right, top, bottom = before
    upwards = (
        after[3] <= top + 1 and after[0] < right - 1
    )  # the top of the next column is no step back
    return upwards or (after[1] <= left + 1 and after[2] < bottom - 1 and after[3] > top + 1)


def test_keys_reach_everything_in_the_order_of_the_page(learner):
    learner.open_app()
    page = learner.page
    wanted = dict(page.evaluate(_REACHABLE))
    assert len(wanted) > 10
    page.evaluate(_FOCUS_FIRST)
    places, last = [], None
    for _ in range(len(wanted) + 5):
        page.keyboard.press("Tab")
        at = page.evaluate(_FOCUS)
        if at is None:
            break
        assert at["ring"], f"the focus is not seen on {at['what']}"
        assert at["size"] > 1, f"the focus is on something that is not seen: {at['what']}"
        assert last is None or not goes_back(last["box"], at["box"]), (last["what"], at["what"])
        places.append(at["place"])
        last = at
    else:
        raise AssertionError("the app keeps the focus")
    assert places == sorted(places), "Tab jumps back"
    missed = [name for place, name in wanted.items() if place not in places]
    assert missed == []


def test_a_drag_is_said_once_and_politely(learner):
    learner.open_app()
    page = learner.page
    region = learner.app.locator("[aria-live]")
    assert region.get_attribute("aria-live") == "polite" and region.count() == 1
    page.evaluate(_LISTEN)
    controls = learner.lesson["explorer"]["controls"]
    if controls:
        learner.drag(controls[0], steps=40)
    else:
        learner.app.locator("select").first.press("ArrowDown")
    page.wait_for_function("window.said.length > 0")
    learner.settled()
    page.wait_for_timeout(500)  # longer than the pause before the words
    said, drawn = page.evaluate("[window.said, window.drawn]")
    assert len(drawn) > 1 or not controls  # the picture followed all along
    # Once; a machine that is so busy that the picture stops on the way makes pauses of its own.
    pauses = sum(after - before > PAUSE for before, after in pairwise(drawn))
    assert 1 <= len(said) <= 1 + pauses
    assert all(len(words) > 40 for words in said)


def test_nothing_moves_by_itself_where_motion_is_unwelcome(learner):
    learner.open_app()
    page = learner.page
    page.emulate_media(reduced_motion="reduce")
    try:
        assert page.evaluate(_TRANSITIONS) == []
        assert page.evaluate(_MOVING) == []
    finally:
        page.emulate_media(reduced_motion="no-preference")


def test_everything_is_there_at_200_percent(learner):
    """At 200% a window of 1024 pixels has room for 512."""
    learner.open_app()
    try:
        learner.look_at(512, 450)
        for title in learner.tabs:
            learner.open_tab(title)
            assert learner.page.evaluate(_CUT_OFF) == [], title
            assert learner.too_wide() == [], title
    finally:
        learner.look_at(1024, 900)
