"""What an explorer shows, in words: who it is, what each picture says, how pinned runs differ."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from cytolearn.apps.choice import Choice
from cytolearn.apps.prescribing import dose_words
from cytolearn.figures.panels import readout_row
from cytolearn.figures.words import Extreme, difference, extreme
from cytolearn.figures.words import day as day_words
from cytolearn.treatments import drugs
from cytolearn.wording import in_sentence, listing, number, quantity, unit_words

if TYPE_CHECKING:
    from cytolearn.apps.explorer import Explorer


def describe(app: Explorer, choice: Choice) -> str:
    """Say a choice: "Mild with sensing delay 4 d; Interferon beta-1a from day 3"."""
    bases = {app.start.label: (), **app.people}  # who needs the fewest changes?
    changes = {name: _changes(app, dict(values), choice) for name, values in bases.items()}
    who = min(changes, key=lambda name: len(changes[name]))
    told = [
        f"{in_sentence(app.controls[s].row['name'])} "
        f"{quantity(new, app.controls[s].row['unit'])} (was {number(old)})"
        for s, (old, new) in changes[who].items()
    ]
    given = [
        f"{drugs()[p.drug]['name']} from {day_words(p.day)}{dose_words(p.dose)}"
        for p in choice.given
    ]
    return "; ".join([who + (f" with {listing(told)}" if told else ""), *given])


def _changes(
    app: Explorer, base: Mapping[str, float], choice: Choice
) -> dict[str, tuple[float, float]]:
    """Return old and new value of each control that differs from a person's."""
    chosen = dict(choice.values)
    pairs = {
        s: (base.get(s, c.baseline), chosen.get(s, c.baseline)) for s, c in app.controls.items()
    }
    return {s: pair for s, pair in pairs.items() if pair[0] != pair[1]}


def headline(app: Explorer) -> str:
    """Say who is on show."""
    return f"{describe(app, app.choice)}."


def findings(app: Explorer) -> list[str]:
    """One line a readout: its extreme, against the starting patient, against no treatment."""
    lines = []
    changed = bool(app.choice.values or app.choice.given)
    for readout in app.readouts:
        row = readout_row(readout)
        kind = row["extreme"]
        now = extreme(app.days, app.curves[readout], kind)
        start = extreme(app.days, app.baseline_curves[readout], kind)
        value = quantity(now.value, row["unit"])
        if now.flat:
            text = f"near {value} throughout"
        else:
            word = "lowest" if kind == "min" else "peak"
            text = f"{word} {value} on {day_words(now.day)}"
        if changed:
            text += f"; {_against(now, start, row['unit'], app.start_name)}"
        if app.untreated_curves is not None:
            other = extreme(app.days, app.untreated_curves[readout], kind)
            text += f"; {_against(now, other, row['unit'], 'without treatment')}"
        lines.append(f"{row['name']}: {text}.")
    return lines


def twin_html(app: Explorer) -> str:
    """Return the text twin as it stands beneath the picture."""
    items = "".join(f"<li>{html.escape(line)}</li>" for line in findings(app))
    return f"<p><b>{html.escape(headline(app))}</b></p><ul>{items}</ul>"


def compare(app: Explorer) -> str:
    """Say how the pinned runs and the current one differ."""
    if not app.pins:
        return "No run is pinned yet. Pin this run, change something, and compare."
    runs = _runs(app)
    lines = [f"{name}: {who}." for name, who, _ in runs]
    for readout in app.readouts:
        row = readout_row(readout)
        parts = []
        for name, point, said in _points(app, readout):
            text = f"{name} {_at(point)}"
            parts.append(f"{text} ({said})" if said else text)
        lines.append(f"{row['name']}, {_kind(row)} in {row['unit']}: {'; '.join(parts)}.")
    return "\n".join(lines)


def pins_table(app: Explorer) -> str:
    """Set the pinned runs and the current one side by side: one column a run."""
    runs = _runs(app)
    heads = "".join(
        f'<th scope="col">{html.escape(name)}<br><small>{html.escape(who)}</small></th>'
        for name, who, _ in runs
    )
    body = ""
    for readout in app.readouts:
        row = readout_row(readout)
        cells = "".join(
            f"<td>{_at(point)}{f'<br><small>{said}</small>' if said else ''}</td>"
            for _, point, said in _points(app, readout)
        )
        name = html.escape(f"{row['name']}, {_kind(row)} in {unit_words(row['unit'])}")
        body += f'<tr><th scope="row">{name}</th>{cells}</tr>'
    note = f"In grey: against {html.escape(runs[0][0])}."
    return (
        f'<div class="cl-scroll" tabindex="0"><table><thead><tr><td></td>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table></div><p><small>{note}</small></p>"
    )


def _runs(app: Explorer) -> list[tuple[str, str, Mapping[str, np.ndarray]]]:
    """Name, description and curves of every pinned run and of the current one."""
    runs = [(pin.name, describe(app, pin.choice), pin.curves) for pin in app.pins]
    return [*runs, ("Now", describe(app, app.choice), app.curves)]


def _points(app: Explorer, readout: str) -> list[tuple[str, Extreme, str]]:
    """Name and extreme of every run, and how it differs from the first."""
    row = readout_row(readout)
    found: list[tuple[str, Extreme, str]] = []
    for name, _, curves in _runs(app):
        point = extreme(app.days, curves[readout], row["extreme"])
        said = difference(point.value, found[0][1].value, row["unit"]) if found else ""
        found.append((name, point, said))
    return found


def _at(point: Extreme) -> str:
    return number(point.value) + ("" if point.flat else f" on {day_words(point.day)}")


def _kind(row: Mapping[str, str]) -> str:
    return "lowest" if row["extreme"] == "min" else "peak"


def _against(now: Extreme, other: Extreme, unit: str, whom: str) -> str:
    said = difference(now.value, other.value, unit)
    where = "" if whom.startswith("without") else "in "
    if said == "the same":
        return f"as {where}{whom}"
    return f"{said} {'as' if said.endswith('as high') else 'than'} {where}{whom}"
