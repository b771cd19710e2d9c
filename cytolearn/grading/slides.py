"""Pictures of a lesson for the instructor: the app's own, ready for a slide."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.image import imread

import cytolearn as cl
from cytolearn.figures import Picture
from cytolearn.lessons.content import load_content, person
from cytolearn.lessons.explore import open_app
from cytolearn.lessons.lesson import Lesson
from cytolearn.lessons.logbook import Logbook
from cytolearn.wording import listing

WIDTH, HEIGHT, DPI = 1920, 1080, 120  # a slide of 16:9, in pixels
MARGIN, HEAD, FOOT = 90, 150, 90
UNCUT = {"savefig.bbox": "tight"}  # in the app a legend may stand out of its picture


@dataclass(frozen=True)
class Slide:
    """A picture with a title.

    Attributes
    ----------
    title : str
    picture : Picture
    words : str
        The same in words.
    """

    title: str
    picture: Picture
    words: str

    def svg(self) -> str:
        """Return the picture as SVG, whose letters stay letters."""
        with mpl.rc_context(UNCUT):
            return self.picture.svg()

    def png(self, footer: str) -> bytes:
        """Return a slide of 1920 by 1080 pixels: title, picture, and whose it is."""
        room = (WIDTH - 2 * MARGIN, HEIGHT - HEAD - FOOT)
        with mpl.rc_context(UNCUT):
            once = imread(io.BytesIO(self.picture.png(dpi=DPI)))  # how large it is, legends and all
            scale = min(room[0] / once.shape[1], room[1] / once.shape[0])
            pixels = imread(io.BytesIO(self.picture.png(dpi=DPI * scale)))
        slide = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI, facecolor="white")
        left = (WIDTH - pixels.shape[1]) // 2
        bottom = FOOT + (HEIGHT - HEAD - FOOT - pixels.shape[0]) // 2
        slide.figimage(pixels, xo=left, yo=bottom, origin="upper")
        slide.text(
            MARGIN / WIDTH, 1 - 60 / HEIGHT, self.title, fontsize=30, va="top", weight="bold"
        )
        slide.text(MARGIN / WIDTH, 36 / HEIGHT, footer, fontsize=13, color="#5c6773")
        out = io.BytesIO()
        slide.savefig(out, format="png", dpi=DPI, metadata={"Software": None})
        return out.getvalue()


def slides(name: str, figures: Mapping[str, Any]) -> Iterator[Slide]:
    """Yield the pictures of a lesson: its people side by side, then tabs of its app.

    Parameters
    ----------
    name : str
        Id of the lesson.
    figures : mapping
        ``tabs``, names of tabs of the lesson's app, and ``treat``, a drug and its first day for
        the person of a story that has only one.
    """
    content = load_content(name)
    spec = content["explorer"]
    if "kind" in spec:  # an app of its own: it shows what learners must find out
        return
    people = [person(content, who) for who in dict.fromkeys((spec["reference"], spec["patient"]))]
    runs = [who.run() for who in people]
    if "treat" in figures:
        drug, day = figures["treat"]
        runs.append(people[-1].treat(cl.treatment(drug, day=day)).run())
    picture = cl.compare(*runs).plot(*spec["readouts"])
    yield Slide(listing([run.label for run in runs]), picture, repr(picture))
    with tempfile.TemporaryDirectory() as folder:
        app = open_app(Lesson(name, Logbook(Path(folder, "logbook.json"))))
        if spec["patient"] in app.people:
            app.show(spec["patient"])
        if "treat" in figures:
            drug, day = figures["treat"]
            app.treat(drug, day)
        for tab in figures.get("tabs", ()):
            page = app.pages[tab]
            if hasattr(page, "run"):  # what learners compute with a button
                page.run()
            page.refresh()
            yield Slide(page.title, page.view.figure, page.summary())
