"""Six definitions of one word, applied to one panel, to its repeats, and to a virtual ward."""

from __future__ import annotations

import functools
import html
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import ipywidgets as W
import numpy as np

from cytolearn.apps.livefigure import LiveFigure
from cytolearn.apps.longwork import LongWork
from cytolearn.apps.pieces import bar, set_slider, twin
from cytolearn.apps.widgets import button, handler
from cytolearn.figures import storm
from cytolearn.figures.words import day as day_words
from cytolearn.patients import Cohort, population
from cytolearn.wording import listing, number, quantity, unit_words, unknown

if TYPE_CHECKING:
    import pandas as pd

    from cytolearn.apps.explorer import Explorer
    from cytolearn.clinic import criteria

FIRST, LAST, WARD_DAY = -2, 30, 12
#: What may be typed into the panel, and the units on offer: the trap is real, so both are.
TYPED = {
    "crp": ("CRP", ("mg/L", "mg/dL")),
    "ferritin": ("Ferritin", ("ng/mL", "ug/L")),
    "d_dimer": ("D-dimer", ("ug/mL FEU", "ng/mL FEU", "ug/mL DDU")),
    "hla_dr": ("HLA-DR", ("molecules/monocyte",)),
    "il6": ("IL-6", ("pg/mL", "ng/mL")),
    "temperature": ("Temperature", ("deg C", "deg F")),
    "platelets": ("Platelets", ("10^9/L",)),
    "fibrinogen": ("Fibrinogen", ("g/L", "mg/dL")),
    "triglycerides": ("Triglycerides", ("mmol/L", "mg/dL")),
    "potassium": ("Potassium", ("mmol/L",)),
    "supar": ("suPAR", ("ng/mL",)),
}
#: Values for what the model does not make: none (then a rule may stay open), or one for everybody.
ASSUMED = {
    "leave it open": None,
    "assume it normal": "normal",
    "assume a feverish inpatient": "inpatient",
}
SHORT = {
    "crs_risk": "CRS risk", "hscore": "HScore", "immune_class": "MAS or dysregulation",
    "temple": "Temple", "chis": "cHIS", "save_more": "suPAR",
}  # fmt: skip
#: Limits of normal of two laboratories: that of the cohort behind the rule's cut-offs
#: (biomarkers.csv), and the course's own normal ranges (readouts.csv).
LABORATORIES = {
    "CD4 414, CD8 238, IL-6 16.6": {
        "cd4_lower_limit": 414, "cd8_lower_limit": 238, "il6_upper_limit": 16.6
    },
    "CD4 500, CD8 200, IL-6 7": {
        "cd4_lower_limit": 500, "cd8_lower_limit": 200, "il6_upper_limit": 7
    },
}  # fmt: skip
#: Upper limits of normal of IL-6 that laboratories print (biomarkers.csv).
IL6_LIMITS = (7.0, 16.6)
REPEATS, DRAWS, FEW = 100, 20, 11
_CHUNK = 12


def rule_book() -> Any:
    """Return the module of the rule sets; loaded when first needed, so that the app opens fast."""
    from cytolearn.clinic import criteria

    return criteria


@functools.lru_cache(maxsize=1)
def ward_of() -> Any:
    """Return who lies on the virtual ward: drawn as everybody, admitted for late interferon."""
    people = population(2500, seed=3)
    late = people.traits.query("viral_antagonism > 0.85 and sensing_delay > 2.5").index
    return people.only(late)


@functools.lru_cache(maxsize=1)
def _beds() -> dict[str, Any]:
    """Keep the ward once it has been run: one ward a session, whoever asks."""
    return {}


class Definitions:
    """A tab of an explorer: the same laboratory panel under six rule sets.

    Parameters
    ----------
    app : Explorer
    """

    title = "Six definitions"

    def __init__(self, app: Explorer) -> None:
        self.app = app
        self._typed: dict[str, tuple[float, str]] = {}
        self._cached: dict[Any, Any] = {}
        self._repeats: tuple[Any, dict[str, int]] = (None, {})
        self._draws: tuple[float, ...] = ()
        self._seed = 0
        wide = {"style": {"description_width": "initial"},
                "layout": W.Layout(width="430px", max_width="100%")}  # fmt: skip
        self._day = W.IntSlider(value=9, min=FIRST, max=LAST,
                                description="Day since symptom onset", **wide)  # fmt: skip
        self._assume = W.Dropdown(options=list(ASSUMED), value="leave it open",
                                  description="What was not measured",
                                  style={"description_width": "initial"})  # fmt: skip
        self._lab = W.Dropdown(options=list(LABORATORIES), description="Limits of normal",
                               style={"description_width": "initial"},
                               layout=W.Layout(width="360px", max_width="100%"))  # fmt: skip
        self._what = W.Dropdown(options=[(words, s) for s, (words, _) in TYPED.items()],
                                description="Type a value", value="crp",
                                style={"description_width": "initial"},
                                layout=W.Layout(width="220px"))  # fmt: skip
        self._value = W.FloatText(value=60, description="Value", layout=W.Layout(width="150px"),
                                  style={"description_width": "initial"})  # fmt: skip
        self._unit = W.Dropdown(options=_units("crp"), description="Unit",
                                style={"description_width": "initial"},
                                layout=W.Layout(width="200px"))  # fmt: skip
        type_in = button("Type it in", "Replace this value of the panel", self._type_clicked)
        clear = button("Take typed values out", "Back to the patient's own panel", self._clear)
        again = button("Take the same blood 100 times", "With the laboratory's noise", self._again)
        self.work = LongWork("Fill the ward", self._steps, self._done, app.show_error)
        few = button("Draw 11 patients, 20 times", "Find the best ferritin cut-off each time",
                     self._few_clicked)  # fmt: skip
        self._cuts = [
            W.FloatSlider(value=value, min=low, max=high, step=step, readout_format=",.0f",
                          description=words, **wide)
            for words, value, low, high, step in (
                ("Ferritin cut-off, ng/mL", storm.MAS, 200, 12000, 20),
                ("HLA-DR cut-off, molecules/monocyte", storm.DYSREGULATION, 2500, 20000, 100),
            )
        ]  # fmt: skip
        self._table, self._words, self._twice = W.HTML(), W.HTML(), W.HTML()
        self._matrix, self._split, self._drawn = W.HTML(), W.HTML(), W.HTML()
        for widget in (self._day, self._assume, self._lab):
            widget.observe(self._changed, "value")
        self._what.observe(self._other_value, "value")
        for widget in self._cuts:
            widget.observe(self._cut_moved, "value")
        self._page = W.VBox()
        bars = [
            bar(self._day, self._assume, self._lab),
            bar(self._what, self._value, self._unit, type_in, clear),
            bar(again),
            bar(self.work.widget, few),
            bar(*self._cuts),
        ]
        intro = W.HTML(
            "<p>One laboratory panel, six published rule sets. The model makes most values; what "
            "it does not make (temperature, liver, salts, marrow) was not measured, unless you "
            "assume it. Type a value in, with its unit, and see which verdicts turn.</p>"
        )
        ward = W.HTML(
            "<h4 style='margin-top:16px'>A ward full of patients</h4>"
            "<p>Virtual patients, late in making interferon, all "
            f"on day {WARD_DAY}, measured with the laboratory's noise. How often do two rules say "
            "the same of one patient?</p>"
        )
        self.widget = W.VBox(
            [intro, *bars[:2], self._table, self._words, bars[2], self._twice, ward, bars[3],
             self._matrix, self._drawn, bars[4], self._page, self._split]
        )  # fmt: skip

    @functools.cached_property
    def view(self) -> LiveFigure:
        """The scatter of the ward; drawn when the ward is first filled."""
        view = LiveFigure(*storm.class_scatter(), max_width=820)
        self._page.children = [view]
        return view

    # ---- one panel -------------------------------------------------------------------------------

    @property
    def day(self) -> int:
        """Day of the blood sample, since symptom onset."""
        return int(self._day.value)

    def draw(self, day: int, assume: str | None = None) -> pd.DataFrame:
        """Take blood on a day and return the six verdicts.

        Parameters
        ----------
        day : int
        assume : str, optional
            One of `ASSUMED`.

        Raises
        ------
        ValueError
            A day outside the slider or an unknown assumption.
        """
        if assume is not None and assume not in ASSUMED:
            raise ValueError(unknown("assumption", assume, ASSUMED))
        set_slider(self._day, day)
        if assume is not None:
            self._assume.value = assume
        self.refresh()
        return self.verdicts()

    def type_in(self, readout: str, value: float, unit: str) -> pd.DataFrame:
        """Replace one value of the panel and return the six verdicts.

        Raises
        ------
        ValueError
            A value that cannot be typed here, an unknown unit or an impossible number.
        """
        if readout not in TYPED:
            raise ValueError(unknown("value to type in", readout, TYPED))
        rule_book().Labs({readout: (value, unit)})  # says what is wrong before anything changes
        self._typed[readout] = (float(value), unit)
        self.refresh()
        return self.verdicts()

    def take_out(self) -> None:
        """Take all typed values out of the panel again."""
        self._typed = {}
        self.refresh()

    def labs(self) -> criteria.Labs:
        """Return the panel on the day, with what was typed in."""
        panel = self._once(("labs", self.day), lambda: self._run_of_patient().labs(self.day))
        return self.app.quietly(panel.but, dict(self._typed)) if self._typed else panel

    def verdicts(self) -> pd.DataFrame:
        """Return what each rule set says of the panel; see `cytolearn.criteria.classify`."""
        typed, rules = tuple(sorted(self._typed.items())), self._rules
        return self._once(
            ("verdicts", self.day, typed, *self._chosen),
            lambda: rule_book().classify(self.labs(), **rules),
        )

    def repeat(self) -> dict[str, int]:
        """Measure the same blood 100 times with noise; return how often each rule says yes.

        ``il6_above_7`` and ``il6_above_16.6`` count single values above two printed limits.
        """
        import pandas as pd

        course = self._run_of_patient()
        days = np.arange(np.ceil(course.time[0]), course.time[-1] + 1e-9)
        frame = course.frame
        daily = np.column_stack([np.interp(days, course.time, frame[r]) for r in frame])
        hundred = Cohort(pd.DataFrame(index=range(REPEATS)), days, tuple(frame),
                         np.repeat(daily[None].astype(np.float32), REPEATS, axis=0))  # fmt: skip
        verdicts = rule_book().agreement(hundred, self.day, noisy=True, **self._rules).verdicts
        found = {name: int((verdicts[name] == 1).sum()) for name in SHORT}
        il6 = hundred.observe(self.day)["il6"]
        found |= {f"il6_above_{limit:g}": int((il6 > limit).sum()) for limit in IL6_LIMITS}
        self._repeats = (self._sample(), found)
        self._twice.value = twin(self._repeats_words())
        return found

    @property
    def _chosen(self) -> tuple[str, str]:
        return self._assume.value, self._lab.value

    @property
    def _rules(self) -> dict[str, Any]:
        """What is assumed, and whose limits of normal count."""
        return {"assume": ASSUMED[self._assume.value], "limits": LABORATORIES[self._lab.value]}

    def _run_of_patient(self) -> Any:
        return self._once("course", lambda: self.app.quietly(self.app.patient.run))

    def _once(self, key: Any, make: Any) -> Any:
        """Remember what was computed for this patient, for as long as the patient stays."""
        patient = self.app.patient
        if self._cached.get("of") != patient or len(self._cached) > 60:
            self._cached = {"of": patient}
        if key not in self._cached:
            self._cached[key] = make()
        return self._cached[key]

    # ---- the ward --------------------------------------------------------------------------------

    def fill(self) -> criteria.Agreement:
        """Run the ward now and return how far the six rule sets agree on it."""
        for _ in self._steps():
            pass
        return self.agreement()

    def agreement(self) -> criteria.Agreement:
        """Return the agreement of the rule sets on the ward, under the current assumption."""
        beds, key = _beds(), ("agreement", *self._chosen)
        if key not in beds:
            beds[key] = rule_book().agreement(
                beds["ward"], WARD_DAY, noisy=True, seed=1, **self._rules
            )
        return beds[key]

    def by_laboratory(self) -> dict[str, int]:
        """Return how many of the ward have CD4 and CD8 below half each laboratory's limits."""
        panel = self.ward()
        return {
            name: int(((panel["cd4"] < own["cd4_lower_limit"] / 2)
                       & (panel["cd8"] < own["cd8_lower_limit"] / 2)).sum())
            for name, own in LABORATORIES.items()
        }  # fmt: skip

    def ward(self) -> pd.DataFrame:
        """Return the ward's panel on its day, with the lowest P/F ratio of each patient."""
        self.fill()
        return _beds()["panel"]

    def split(self, ferritin: float | None = None, hla_dr: float | None = None) -> dict[str, int]:
        """Move the two cut-offs and return how many patients fall in which class."""
        for slider, value in zip(self._cuts, (ferritin, hla_dr), strict=True):
            if value is not None:
                slider.value = float(value)
        panel, (a, b) = self.ward(), self._limits
        mas = panel["ferritin"] > a
        low = ~mas & (panel["hla_dr"] < b)
        return {"MAS": int(mas.sum()), "immune dysregulation": int(low.sum()),
                "neither": int((~mas & ~low).sum())}  # fmt: skip

    def few(self, seed: int | None = None) -> tuple[float, ...]:
        """Draw 11 patients 20 times; return the ferritin cut-off that suits each draw best.

        Without a seed each call draws other patients.
        """
        panel = self.ward()
        ill = (panel["worst_pf"] < storm.VENTILATOR).to_numpy()
        ferritin = panel["ferritin"].to_numpy()
        chance = np.random.default_rng(self._seed if seed is None else seed)
        self._seed += seed is None
        found = []
        while len(found) < DRAWS:
            some = chance.choice(len(panel), FEW, replace=False)
            if 0 < ill[some].sum() < FEW:
                found.append(best_cut(ferritin[some], ill[some]))
        self._draws = tuple(found)
        self._drawn.value = twin(self._few_words())
        return self._draws

    def separation(self, readout: str) -> float:
        """Return how well a value of the ward tells who will need a ventilator (AUC, 0.5 to 1)."""
        from scipy.stats import mannwhitneyu

        panel = self.ward()
        ill = panel["worst_pf"] < storm.VENTILATOR
        found = mannwhitneyu(panel.loc[ill, readout], panel.loc[~ill, readout]).statistic
        share = float(found / (ill.sum() * (~ill).sum()))
        return max(share, 1 - share)

    # ---- words -----------------------------------------------------------------------------------

    def summary(self) -> str:
        """Say what the six rule sets make of the panel, and of the ward if it is filled."""
        table = self.verdicts()
        groups = {"yes": True, "no": False, "cannot be decided": None}
        said = []
        for words, answer in groups.items():
            names = [SHORT[n] for n, v in table["verdict"].items() if v is answer]
            if names:
                said.append(f"{words}: {listing(names)}")
        label = table.loc["immune_class", "label"]
        text = f"{self._sample()}: {'; '.join(said)}. By ferritin and HLA-DR the class is {label}."
        if "ward" in _beds():
            text += f" {self._ward_words()}"
        return text

    def _sample(self) -> str:
        whose = self.app.now_name + (", treated" if self.app.treated else "")
        typed = "".join(
            f", {TYPED[name][0]} typed in as {quantity(value, unit)}"
            for name, (value, unit) in self._typed.items()
        )
        return f"{whose[0].upper()}{whose[1:]} on {day_words(self.day)}{typed}"

    def _repeats_words(self) -> str:
        of, found = self._repeats
        if of is None:
            return ""
        rules = listing(f"{SHORT[n]} {found[n]}" for n in SHORT)
        single = listing(
            f"above {limit:g} pg/mL {found[f'il6_above_{limit:g}']} times" for limit in IL6_LIMITS
        )
        return (
            f"{of}, the same blood measured {REPEATS} times. Yes: {rules}. IL-6 was {single}: the "
            "limit is printed by the laboratory, the swing is the patient's and the assay's."
        )

    def _ward_words(self) -> str:
        panel, counts = _beds()["panel"], self.agreement().counts
        yes = listing(f"{SHORT[n]} {row['yes']}" for n, row in counts.iterrows())
        verdicts = self.agreement().verdicts
        silent = list(verdicts.columns[verdicts.isna().all()])
        heard = verdicts.drop(columns=silent)
        same = int((heard.nunique(axis=1, dropna=False) == 1).sum())
        one_word = [n for n in heard if heard[n].nunique(dropna=False) == 1]
        words = [f"The {len(heard.columns)} rules that can be decided say the same of {same}."]
        if silent:
            words.append(
                f"{listing(SHORT[n] for n in silent)} is decided for nobody: its test is missing."
            )
        if one_word:
            words.append(
                f"{listing(SHORT[n] for n in one_word)}: the same answer for everybody. Look what "
                "was assumed: could it have said anything else?"
            )
        return (
            f"Of {len(panel)} patients on the ward, so many are a case: {yes}. {' '.join(words)} "
            "CD4 and CD8 below half the lower limit of normal: "
            + listing(f"{n} with limits {name}" for name, n in self.by_laboratory().items())
            + "."
        )

    def _few_words(self) -> str:
        panel = _beds()["panel"]
        ill = (panel["worst_pf"] < storm.VENTILATOR).to_numpy()
        whole = best_cut(panel["ferritin"].to_numpy(), ill)
        return (
            f"{DRAWS} studies of {FEW} patients each: the ferritin cut-off that tells best who "
            f"will need a ventilator is anything from {number(min(self._draws), 2)} to "
            f"{number(max(self._draws), 2)} ng/mL. With all {len(panel)} patients it is "
            f"{number(whole, 2)}."
        )

    # ---- showing ---------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Follow the explorer, the day and what was typed."""
        self._table.value = self._verdict_table()
        self._words.value = twin(self.summary())
        if self._repeats[0] not in (None, self._sample()):
            self._twice.value = twin(f"An earlier sample. {self._repeats_words()}")
        if "ward" in _beds():
            self._show_ward()

    @property
    def _limits(self) -> tuple[float, float]:
        return tuple(float(slider.value) for slider in self._cuts)

    def _verdict_table(self) -> str:
        answers = {True: "yes", False: "no", None: "cannot be decided"}
        body = ""
        for _, row in self.verdicts().iterrows():
            rule = f"{row['title']} ({row['study']})"
            points = number(row["points"]) + (
                f" to {number(row['most'])}" if row["most"] > row["points"] else ""
            )
            why = f"missing: {row['missing']}" if row["missing"] else row["label"]
            body += (
                f'<tr><th scope="row">{html.escape(rule)}</th>'
                f"<td><b>{answers[row['verdict']]}</b></td><td>{points}, needs "
                f"{number(row['cutoff'])}</td><td>{html.escape(why)}</td></tr>"
            )
        heads = "".join(f'<th scope="col">{h}</th>' for h in ("Rule", "A case?", "Points", "Why"))
        return (
            f'<div class="cl-scroll" tabindex="0"><table><thead><tr>{heads}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>"
        )

    def _show_ward(self) -> None:
        panel, found = _beds()["panel"], self.agreement()
        names = list(found.percent)
        self._matrix.value = storm.agreement_table(
            found.percent.to_numpy(float), [SHORT[n] for n in names]
        )
        own = self.labs()
        cuts, counts = self._limits, self.split()
        text = (
            f"Ferritin above {number(cuts[0])} ng/mL: {counts['MAS']}. Otherwise HLA-DR below "
            f"{number(cuts[1])}: {counts['immune dysregulation']}. In neither class: "
            f"{counts['neither']} of {len(panel)}. In this ward IL-6 tells who will need a "
            f"ventilator with an AUC of {self.separation('il6'):.2f} (0.5 is a coin, 1 perfect), "
            f"ferritin with {self.separation('ferritin'):.2f}: the groups overlap."
        )
        self.view.set_data(
            storm.class_lines(panel["ferritin"].to_numpy(), panel["hla_dr"].to_numpy(), cuts,
                              (own["ferritin"], own["hla_dr"])),
            alt=text,
        )  # fmt: skip
        self._split.value = twin(text)

    # ---- computing -------------------------------------------------------------------------------

    def _steps(self) -> Iterator[float]:
        """Run the ward in small parts; yields the share that is done."""
        if "ward" in _beds():
            return
        people = ward_of()
        index = list(people.traits.index)
        parts = []
        for start in range(0, len(index), _CHUNK):
            parts.append(people.only(index[start : start + _CHUNK]).run(progress=False))
            yield min(start + _CHUNK, len(index)) / len(index)
        values = np.concatenate([part.values for part in parts])
        ward = Cohort(people.traits, parts[0].days, parts[0].readouts, values)
        panel = ward.observe(WARD_DAY, seed=1)
        panel["worst_pf"] = ward.peaks["pf_ratio"]
        _beds().update(ward=ward, panel=panel)

    def _done(self, _whole: bool) -> None:
        self.refresh()

    @handler
    def _changed(self, _: Any) -> None:
        self.refresh()

    @handler
    def _other_value(self, change: Any) -> None:
        self._unit.options = _units(change["new"])

    @handler
    def _cut_moved(self, _: Any) -> None:
        if "ward" in _beds():
            self._show_ward()

    @handler
    def _type_clicked(self, _: Any) -> None:
        self.type_in(self._what.value, self._value.value, self._unit.value)
        self.app.show_error(None)

    @handler
    def _clear(self, _: Any) -> None:
        self.take_out()

    @handler
    def _again(self, _: Any) -> None:
        self.repeat()

    @handler
    def _few_clicked(self, _: Any) -> None:
        self.few()
        self.refresh()


def _units(readout: str) -> list[tuple[str, str]]:
    """Return the units in which a value may be typed, as they are printed and as they are known."""
    return [(unit_words(unit), unit) for unit in TYPED[readout][1]]


def best_cut(values: np.ndarray, ill: np.ndarray) -> float:
    """Return the cut-off with the best sum of sensitivity and specificity, values above being ill.

    Parameters
    ----------
    values : array, shape (patients,)
    ill : array of bool, shape (patients,)
        Some, not all.
    """
    order = np.sort(values)
    cuts = (order[1:] + order[:-1]) / 2
    score = [(values[ill] > c).mean() + (values[~ill] <= c).mean() for c in cuts]
    return float(cuts[int(np.argmax(score))])
