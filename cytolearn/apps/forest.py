"""The forest app: filter published trials, pool them, add them one by one."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import ipywidgets as W

from cytolearn.apps.livefigure import LiveFigure, picture_bundle
from cytolearn.apps.style import style_sheet
from cytolearn.apps.voice import Voice
from cytolearn.apps.widgets import button, file_links, file_uri, handler
from cytolearn.evidence import pooling
from cytolearn.evidence.tables import resolve
from cytolearn.figures import Picture
from cytolearn.figures.forest import draw_forest, forest_lines, forest_title
from cytolearn.wording import unknown

if TYPE_CHECKING:
    from cytolearn.evidence.frame import Trials
    from cytolearn.evidence.pooling import Pooled

ANY = "any"
#: Filters: name, column, what it is called, whether it finds single words in a cell.
_FILTERS = {
    "class_": ("drug_class", "class of drug", False),
    "drug": ("drug", "drug", False),
    "severity": ("severity", "severity", True),
    "steroid": ("steroid", "steroids besides", True),
    "design": ("design", "design", False),
    "outcome": ("outcome_group", "outcome", False),
}
_CHOICES = {
    "rows": {"one": "one row a study", "all": "every row"},
    "measure": {
        "odds ratio": "odds ratio, from counts",
        "risk ratio": "risk ratio, from counts",
        "published": "as published",
        "rate": "published hazard and rate ratios",
    },
    "model": {
        "random": "random effects",
        "hartung-knapp": "random effects, Hartung-Knapp",
        "fixed": "fixed effect",
    },
    "order": {
        "none": "each trial by itself",
        "date": "cumulative, by year",
        "size": "cumulative, smallest first",
    },
}
_TITLES = {
    "rows": "rows",
    "measure": "effect",
    "model": "model",
    "order": "view",
}
_START = {"rows": "one", "measure": "odds ratio", "model": "random", "order": "none"}
_NAMES = {"svg": "Picture (SVG)", "png": "Picture (PNG)", "csv": "Rows (CSV)"}


class ForestApp:
    """A forest plot with controls; without widgets, ``.set(...)``, ``.summary()`` and ``.frame``.

    Parameters
    ----------
    rows : Trials
        Rows of `cytolearn.evidence.trials` to choose from.

    Attributes
    ----------
    frame : Trials
        The rows on show.
    error : str
        What went wrong last, in words; empty if nothing did.
    widget : ipywidgets.VBox
        What is shown.

    Raises
    ------
    ValueError
        There is no row at all.
    """

    def __init__(self, rows: Trials) -> None:
        if rows.empty:
            raise ValueError("There is nothing to draw: no row of the table meets the selection.")
        self.rows = rows
        self.error = ""
        self._quiet = False
        self._choice = self._start()
        self._build()
        self._show(self._choice)

    # ---- the widget-free face --------------------------------------------------------------------

    def set(self, **choices: Any) -> ForestApp:
        """Choose what is shown. Returns the app.

        Parameters
        ----------
        **choices
            Filters: class_, drug, severity, steroid, design, outcome, each a value of the table or
            "any" (or None). rows: "one" (one row a study, which can be pooled) or "all". measure:
            "odds ratio", "risk ratio", "published" or "rate". model: "random", "hartung-knapp" or
            "fixed". order: "none", "date" or "size" (cumulative).

        Raises
        ------
        ValueError
            An unknown name or value, or a choice that leaves nothing to draw. Everything stays
            as it was.
        """
        choice = dict(self._choice)
        for name, value in choices.items():
            choice[name] = self._checked(name, value)
        self._show(choice)
        return self

    def reset(self) -> ForestApp:
        """Go back to the first view."""
        self._show(self._start())
        return self

    @property
    def choices(self) -> dict[str, str]:
        """What is chosen, by name."""
        return dict(self._choice)

    @property
    def pooled(self) -> Pooled | None:
        """The pooled estimate of all trials on show; None where they must not be pooled."""
        trials = self.frame[self.frame["level"] != "meta-analysis"]
        try:
            return pooling.pool(trials, **_options(self._choice, pool=True))
        except ValueError:
            return None

    def summary(self) -> str:
        """Say row by row what the picture shows: the text twin."""
        return self._picture.twin

    def figure(self) -> Picture:
        """Return the picture as it stands as a matplotlib figure."""
        return self._picture

    def table(self) -> Trials:
        """Return the rows on show with their sources and notes."""
        return self.frame

    def download(self, kind: str = "csv") -> str:
        """Return the picture ("svg", "png") or the rows with sources ("csv") as a data URI.

        Raises
        ------
        ValueError
            Another kind of file.
        """
        if kind not in _NAMES:
            raise ValueError(unknown("kind of file", kind, _NAMES))
        if kind == "csv":
            content = self.frame.to_csv(index=False, lineterminator="\n").encode()
        else:
            picture = self._picture
            content = picture.png(dpi=200) if kind == "png" else picture.svg().encode()
        return file_uri(kind, content)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict, dict]:
        """Show the widget, and a picture and words where there is no JavaScript."""
        return picture_bundle(self.widget, self._picture.png(), self.summary())

    def __repr__(self) -> str:
        return self.summary()

    # ---- state -----------------------------------------------------------------------------------

    def _start(self) -> dict[str, str]:
        """Return the first view: where there is a choice, the commonest class, trials, deaths."""
        choice = {**dict.fromkeys(_FILTERS, ANY), **_START}
        rows = self.rows
        for name, first in (("class_", None), ("design", "RCT"), ("outcome", "death")):
            column = _FILTERS[name][0]
            found = rows[column].value_counts()
            if len(found) > 1:
                choice[name] = str(first if first in found.index else found.index[0])
                rows = rows[rows[column] == choice[name]]
        return choice if self._drawable(choice) else {**choice, "measure": "published"}

    def _drawable(self, choice: Mapping[str, str]) -> bool:
        try:
            self._lines(choice)
        except ValueError:
            return False
        return True

    def _checked(self, name: str, value: Any) -> str:
        if name in _CHOICES:
            allowed = _CHOICES[name]
            if value is None and name == "order":
                return "none"
            if value not in allowed:
                raise ValueError(unknown(_TITLES[name], value, allowed))
            return value
        if name not in _FILTERS:
            raise ValueError(unknown("choice of this app", name, [*_FILTERS, *_CHOICES]))
        if value is None or value == ANY:
            return ANY
        column, kind, by_word = _FILTERS[name]
        value = {True: "with", False: "without"}.get(value, value) if name == "steroid" else value
        return resolve(self.rows[column], str(value), kind, by_word=by_word).pop()

    def _selected(self, choice: Mapping[str, str]) -> Trials:
        rows = self.rows
        for name, (column, _, by_word) in _FILTERS.items():
            if choice[name] == ANY:
                continue
            wanted = choice[name]
            if by_word:
                rows = rows[rows[column].str.split().map(lambda words, w=wanted: w in words)]
            else:
                rows = rows[rows[column] == wanted]
        if rows.empty:
            chosen = ", ".join(
                f"{_FILTERS[name][1]} {value}"
                for name, value in choice.items()
                if name in _FILTERS and value != ANY
            )
            raise ValueError(f"No row of the table has all of this: {chosen}. Widen one of them.")
        if choice["rows"] == "all":
            return rows.reset_index(drop=True)
        published = rows[rows["level"] == "meta-analysis"]
        kept = [*rows.independent()["row_id"], *published["row_id"]]
        return rows[rows["row_id"].isin(kept)].reset_index(drop=True)

    def _lines(self, choice: Mapping[str, str]) -> tuple[Trials, list, list[str], str]:
        frame = self._selected(choice)
        order = None if choice["order"] == "none" else choice["order"]
        lines, notes = forest_lines(frame, cumulative=order, **_options(choice))
        return frame, lines, notes, forest_title(frame, order)

    def _show(self, choice: dict[str, str]) -> None:
        """Draw a choice: all of it first, so that a failure leaves everything as it was."""
        frame, lines, notes, title = self._lines(choice)
        picture = draw_forest(lines, notes, title)
        self.frame, self._picture, self._choice = frame, picture, choice
        if self._view is None:
            self._view = LiveFigure(picture, [], picture.twin, max_width=1100)
            self._place.children = [self._view]
        else:
            self._view.replace(picture, [], picture.twin)
        self._files.value = ""
        said = [html.escape(note) for note in notes]
        rows = "".join(f"<li>{html.escape(line)}</li>" for line in _rows_of(picture.twin))
        markup = "".join(f"<p>{note}</p>" for note in said)
        self._voice.say(
            " ".join([f"{len(frame)} rows.", *notes]),
            f"{markup}<details><summary>Every row in words</summary><ul>{rows}</ul></details>",
        )
        self._show_choice()
        self.show_error(None)

    def _show_choice(self) -> None:
        self._quiet = True
        try:
            for name, box in self._boxes.items():
                box.value = self._choice[name]
        finally:
            self._quiet = False

    # ---- widgets ---------------------------------------------------------------------------------

    def _build(self) -> None:
        self._boxes: dict[str, W.Dropdown] = {}
        for name, (column, title, by_word) in _FILTERS.items():
            cells = self.rows[column]
            words = cells.str.split().explode() if by_word else cells
            found = sorted(set(words.dropna()) - {"", "to", "mostly"})
            options = [(f"any {title}", ANY), *((v.replace("_", " "), v) for v in found)]
            self._boxes[name] = self._box(name, title, options)
        for name, options in _CHOICES.items():
            pairs = [(words, value) for value, words in options.items()]
            self._boxes[name] = self._box(name, _TITLES[name], pairs)
        head = W.Box(
            [
                W.HTML("<h3>Published trials</h3>"),
                W.Box(
                    [
                        button("Reset", "Back to the first view", self._reset_clicked),
                        button("Prepare files", "Picture and rows to keep", self._files_clicked),
                    ]
                ),
            ]
        )
        head.children[1].add_class("cl-tools")
        head.add_class("cl-head")
        panel = W.VBox([self._labelled(name) for name in self._boxes])
        panel.add_class("cl-controls")
        self._view: LiveFigure | None = None
        self._place, self._error, self._files = W.VBox(), W.HTML(), W.HTML()
        self._voice = Voice()
        foot = W.HTML(
            '<div class="cl-foot">Published results, not the model. An effect of a group is no '
            "advice for a person: not for clinical use.</div>"
        )
        right = W.VBox([self._error, self._place, self._files, self._voice.widget, foot])
        right.add_class("cl-view")
        main = W.Box([panel, right])
        main.add_class("cl-main")
        main.add_class("cl-flow")
        self.widget = W.VBox([W.HTML(style_sheet()), head, main])
        self.widget.add_class("cl-app")

    def _box(self, name: str, title: str, options: list[tuple[str, str]]) -> W.Dropdown:
        box = W.Dropdown(
            options=options, description=title, tooltip=title, layout=W.Layout(width="100%")
        )
        box.add_class("cl-drug")
        box.observe(lambda change, name=name: self._chosen(name, change["new"]), "value")
        return box

    def _labelled(self, name: str) -> W.VBox:
        title = _FILTERS[name][1] if name in _FILTERS else _TITLES[name]
        box = W.VBox([W.HTML(f'<div class="cl-name"><b>{title}</b></div>'), self._boxes[name]])
        box.add_class("cl-control")
        return box

    @handler
    def _chosen(self, name: str, value: str) -> None:
        if self._quiet:
            return
        other = {"class_": "drug", "drug": "class_"}.get(name)  # a drug has but one class
        self.set(**{name: value, **({other: ANY} if other else {})})

    @handler
    def _reset_clicked(self, _: W.Button) -> None:
        self.reset()

    @handler
    def _files_clicked(self, _: W.Button) -> None:
        self._files.value = file_links("cytolearn_forest", _NAMES, self.download)

    def show_error(self, error: Exception | None) -> None:
        """Say in words what went wrong (None: nothing any more). The picture stays as it was."""
        self.error = "" if error is None else str(error) or type(error).__name__
        self._show_choice()
        self._error.value = (
            f'<div class="cl-error" role="alert"><b>That did not work.</b> '
            f"{html.escape(self.error)} The picture still shows the last choice that did.</div>"
            if self.error
            else ""
        )


def _options(choice: Mapping[str, str], *, pool: bool = False) -> dict[str, Any]:
    """Return the arguments of `forest_lines` or, with `pool`, of `pooling.pool`."""
    options: dict[str, Any] = {
        "measure": choice["measure"],
        "model": "fixed" if choice["model"] == "fixed" else "random",
        "hartung_knapp": choice["model"] == "hartung-knapp",
    }
    if pool and choice["measure"] in pooling.FROM_COUNTS:
        options["shared_controls"] = "split"
    return options


def _rows_of(twin: str) -> list[str]:
    return [line.removeprefix("- ") for line in twin.split("\n")[1:] if line.startswith("- ")]
