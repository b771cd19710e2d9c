"""What the model says about each calibration target: one function a row of targets.csv."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from cytolearn import clinic, physiology
from cytolearn.patients import Cohort, Patient, Population, population
from cytolearn.simulation import Course
from cytolearn.treatments import Treatment, treatment

MODERATE, SEVERE, CRITICAL = 1, 2, 3
_LAST_DAY = 45.0  # weeks 5 to 8 after onset are needed for late antibody titres
_STAY = (6, 22)  # days since onset that a hospital stay covers
_DETECTED = 2.0  # log10 copies/mL
# Culture finds virus in under 5% of samples below this load (van Kampen 2021, Nat Commun).
_CULTURABLE = 6.63  # log10 copies/mL
_IFN_DETECTED = 0.05  # pg/mL
_DEXAMETHASONE_SHARE = 0.82  # of the RECOVERY tocilizumab arms that had a steroid


@dataclass(eq=False)
class Bench:
    """One virtual cohort and the presets, run once and asked many times.

    Parameters
    ----------
    n : int
        Size of the cohort.
    seed : int
        Seed of the cohort.
    constants : mapping of str to float
        Constants to change for everybody, such as one member of the ensemble.
    """

    n: int = 2000
    seed: int = 20
    constants: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def people(self) -> Population:
        """Virtual patients of the bench."""
        drawn = population(self.n, self.seed)
        return Population(drawn.n, drawn.seed, constants=dict(self.constants))

    @cached_property
    def cohort(self) -> Cohort:
        """Untreated courses of all of them."""
        return self.people.run(days=_LAST_DAY, progress=False)

    @cached_property
    def classes(self) -> np.ndarray:
        """Severity class of every patient."""
        return clinic.severity_class(self.cohort["pf_ratio"], self.cohort["lesion"])

    @cached_property
    def age(self) -> np.ndarray:
        """Age of every patient, years."""
        return self.cohort.traits["age"].to_numpy()

    @cached_property
    def _courses(self) -> dict[str, Course]:
        return {}

    def preset(self, name: str) -> Course:
        """Return the untreated course of a preset, under the bench's constants."""
        if name not in self._courses:
            self._courses[name] = Patient(name).but(**self.constants).run(days=_LAST_DAY)
        return self._courses[name]

    # ---- readings of the cohort ----
    def column(self, readout: str, severity: int) -> np.ndarray:
        """Return one observable of one severity class, shape (patients, days)."""
        return self.cohort[readout][self.classes == severity]

    def day(self, day: float) -> int:
        """Return the column of a day since symptom onset."""
        return round(day - float(self.cohort.days[0]))

    def stay(self, readout: str, severity: int) -> float:
        """Return the median of patients' medians over the hospital stay."""
        days = slice(self.day(_STAY[0]), self.day(_STAY[1]) + 1)
        return float(np.median(np.median(self.column(readout, severity)[:, days], axis=1)))

    def extreme(self, readout: str, severity: int) -> float:
        """Return the median of patients' peaks (nadirs of cells and oxygen)."""
        pick = getattr(np, physiology.readouts()[readout]["extreme"])
        return float(np.median(pick(self.column(readout, severity), axis=1)))

    def on(self, readout: str, severity: int, day: float) -> float:
        """Return the median on one day since symptom onset."""
        return float(np.median(self.column(readout, severity)[:, self.day(day)]))

    def between(self, readout: str, severity: int, first: float, last: float) -> np.ndarray:
        """Return the columns from one day to another."""
        return self.column(readout, severity)[:, self.day(first) : self.day(last) + 1]

    # ---- treatments ----
    def risk(self, cohort: Cohort) -> np.ndarray:
        """Return the 28-day risk of death of every patient."""
        return clinic.death_risk(
            cohort.days, cohort["lesion"], cohort["infection_hazard"], cohort.traits["age"]
        )

    def given(self, who: np.ndarray, *treatments: Treatment) -> Cohort:
        """Run some of the cohort again, treated."""
        numbers = self.cohort.traits.index[who]
        kept = ("lesion", "infection_hazard", "pf_ratio")
        return (
            self.people.only(numbers).treat(*treatments).run(days=28, readouts=kept, progress=False)
        )

    def eligible(
        self, day: float, lowest: int, highest: int, *, crp: float = 0, ferritin: float = 0
    ) -> np.ndarray:
        """Return who is in hospital on `day`, within a range of support, inflamed enough."""
        d = self.day(day)
        support = clinic.support_level(self.cohort["pf_ratio"][:, d])
        ill = (self.cohort["lesion"][:, d] >= 3) | (self.cohort["crp"][:, d] >= 20) | (support > 0)
        inflamed = (self.cohort["crp"][:, d] >= crp) & (self.cohort["ferritin"][:, d] >= ferritin)
        return np.flatnonzero(ill & inflamed & (support >= lowest) & (support <= highest))

    def relative_risk(
        self,
        who: np.ndarray,
        treated: tuple[Treatment, ...],
        background: tuple[Treatment, ...] = (),
    ) -> float:
        """Return mean risk of death treated over untreated, in the same patients."""
        if len(who) == 0:
            return float("nan")
        control = self.given(who, *background)
        return float(
            self.risk(self.given(who, *background, *treated)).mean() / self.risk(control).mean()
        )


def _first_day(course: Course, readout: str, threshold: float) -> float:
    """Return the first day since onset on which a readout reaches a threshold."""
    series = course[readout]
    reached = series.index[series.to_numpy() >= threshold]
    return float(reached[0]) if len(reached) else float("nan")


def _last_day_above(course: Course, values: np.ndarray, threshold: float) -> float:
    days = course.frame.index.to_numpy()
    above = days[values >= threshold]
    return float(above[-1]) if len(above) else float("nan")


def _culturable_until(b: Bench) -> float:
    course = b.preset("mild")
    half = {**physiology.baseline(), **b.constants}["nab_half"]
    infectious = course["viral_load"].to_numpy() - np.log10(1 + course["nab"].to_numpy() / half)
    return _last_day_above(course, infectious, _CULTURABLE) + physiology.baseline()["symptom_onset"]


def _shedding(b: Bench) -> float:
    loads = b.cohort["viral_load"][b.classes >= MODERATE]
    last = loads.shape[1] - 1 - np.argmax((loads >= _DETECTED)[:, ::-1], axis=1)
    return float(np.median(b.cohort.days[last]))


def _ifn_positive(b: Bench) -> np.ndarray:
    return np.median(b.between("ifn", CRITICAL, 8, 10), axis=1) >= _IFN_DETECTED


def _ifn_critical(first: float, last: float) -> Callable[[Bench], float]:
    return lambda b: float(np.median(b.between("ifn", CRITICAL, first, last)[_ifn_positive(b)]))


def _il6_by_ifn(b: Bench) -> float:
    il6, positive = np.median(b.between("il6", CRITICAL, 8, 12), axis=1), _ifn_positive(b)
    return (
        float(np.median(il6[~positive]) / np.median(il6[positive]))
        if (~positive).any()
        else float("nan")
    )


def _ifn_smd(b: Bench) -> float:
    rng = np.random.default_rng(1)
    logs = np.log10(b.cohort["ifn"])
    sample = logs[np.arange(len(logs)), rng.integers(b.day(2), b.day(16), size=len(logs))]
    mild, severe = sample[b.classes == MODERATE], sample[b.classes >= SEVERE]
    pooled = np.sqrt((mild.var() + severe.var()) / 2)
    return float((severe.mean() - mild.mean()) / pooled)


def _carriers(b: Bench, who: np.ndarray) -> float:
    return float((b.cohort.traits["ifn_autoantibody"].to_numpy()[who] > 0).mean())


def _admission_ratio(readout: str) -> Callable[[Bench], float]:
    return lambda b: b.on(readout, CRITICAL, 10) / b.on(readout, MODERATE, 10)


def _t_cells(b: Bench, severity: int) -> float:
    return b.on("cd4", severity, 10) + b.on("cd8", severity, 10)


def _mean_difference(readout: str) -> Callable[[Bench], float]:
    def difference(b: Bench) -> float:
        values = b.cohort[readout][:, b.day(10)]
        return float(values[b.classes >= SEVERE].mean() - values[b.classes == MODERATE].mean())

    return difference


def _inpatient_correlation(x: str, y: str) -> Callable[[Bench], float]:
    def correlation(b: Bench) -> float:
        from scipy.stats import spearmanr

        sample = b.cohort.observe("random", seed=2, between=_STAY)[b.classes >= MODERATE]
        return float(spearmanr(sample[x], sample[y]).statistic)

    return correlation


def _survivor_panel(b: Bench) -> float:
    """Return the share of twelve medians of Zhou 2020 that are met within a factor 1.5."""
    panel = {
        "ferritin": (503, 1435),
        "d_dimer": (0.6, 5.2),
        "ldh": (253, 521),
        "platelets": (220, 166),
        "il6": (6.3, 11.0),
        "alc": (1.1, 0.6),
    }
    inpatient = b.classes >= MODERATE
    risk = b.risk(b.cohort)[inpatient]
    met = 0
    for readout, (survivors, others) in panel.items():
        values = b.cohort[readout][inpatient, b.day(11)]
        order = np.argsort(values)
        for weights, wanted in ((1 - risk, survivors), (risk, others)):
            share = np.cumsum(weights[order]) / weights.sum()
            median = values[order][np.searchsorted(share, 0.5)]
            met += wanted / 1.5 <= median <= wanted * 1.5
    return met / 12


def _failure(b: Bench) -> np.ndarray:
    """Patients in severe respiratory failure (P/F under 150)."""
    return b.cohort["pf_ratio"].min(axis=1) < 150


def _mas(b: Bench) -> np.ndarray:
    return b.cohort["ferritin"].max(axis=1) > 4420


def _mas_ferritin_ratio(b: Bench) -> float:
    peak, failure = b.cohort["ferritin"].max(axis=1), _failure(b)
    mas = _mas(b)
    return (
        float(np.median(peak[failure & mas]) / np.median(peak[failure & ~mas]))
        if (failure & mas).any()
        else float("nan")
    )


def _seroconversion(b: Bench, who: np.ndarray | None = None) -> np.ndarray:
    half = {**physiology.baseline(), **b.constants}["nab_half"]
    titres = b.cohort["nab"] if who is None else b.cohort["nab"][who]
    reached = titres >= half
    return np.where(reached.any(axis=1), b.cohort.days[np.argmax(reached, axis=1)], np.inf)


def _dexamethasone(day: float, lowest: int, highest: int) -> Callable[[Bench], float]:
    return lambda b: b.relative_risk(
        b.eligible(day, lowest, highest), (treatment("dexamethasone", day=day),)
    )


def _tocilizumab(b: Bench) -> float:
    who = b.eligible(9, 1, 3, crp=75)
    steroid, drug = treatment("dexamethasone", day=9), treatment("tocilizumab", day=9)
    arms = ((steroid,), (steroid, drug), (), (drug,))
    with_c, with_t, without_c, without_t = (b.risk(b.given(who, *arm)).mean() for arm in arms)
    share = _DEXAMETHASONE_SHARE
    return float(
        (share * with_t + (1 - share) * without_t) / (share * with_c + (1 - share) * without_c)
    )


def tocilizumab_by_steroid(b: Bench) -> tuple[float, float]:
    """Return the risk ratio of tocilizumab with and without dexamethasone."""
    who = b.eligible(9, 1, 3, crp=75)
    drug = (treatment("tocilizumab", day=9),)
    return b.relative_risk(who, drug, (treatment("dexamethasone", day=9),)), b.relative_risk(
        who, drug
    )


def _anakinra(b: Bench) -> float:
    """Return the odds ratio of respiratory failure on dexamethasone (ferritin for suPAR)."""
    who = b.eligible(8, 0, 1, ferritin=400)
    steroid, drug = treatment("dexamethasone", day=8), treatment("anakinra", day=8)
    if len(who) == 0:
        return float("nan")

    def odds(*given: Treatment) -> float:
        failed = (b.given(who, *given)["pf_ratio"].min(axis=1) < 150).mean()
        chance = (failed * len(who) + 0.5) / (len(who) + 1)
        return chance / (1 - chance)

    return odds(steroid, drug) / odds(steroid)


def septic(b: Bench) -> Patient:
    """Return a patient with sepsis-like lymphopenia: persistent lymphocyte death, no virus."""
    return Patient("mild", label="sepsis-like").but(
        **b.constants, inoculum=0, persistent_lymphocyte_death=3.5
    )


def _il7_in_sepsis(b: Bench) -> float:
    """Return treated over untreated lymphocytes 28 days after the first of 8 doses in 4 weeks."""
    patient, drug = septic(b), treatment("il7", day=14, doses=8)
    plain, treated = (p.run(days=_LAST_DAY)["alc"] for p in (patient, patient.treat(drug)))
    return float(treated.loc[42:].mean() / plain.loc[42:].mean())


def _only_if(holds: bool, value: float) -> float:
    """Return a value, or no number where the second half of a two-part finding fails."""
    return value if holds else float("nan")


def _last_positive(b: Bench, severity: int) -> float:
    loads = b.column("viral_load_lung", severity) >= _DETECTED
    return float(np.median(b.cohort.days[loads.shape[1] - 1 - np.argmax(loads[:, ::-1], axis=1)]))


def _loads_differ(b: Bench) -> float:
    """Return critical less moderate swab load, if lung virus lasts longer in the critical."""
    difference = b.on("viral_load", CRITICAL, 3) - b.on("viral_load", MODERATE, 3)
    return _only_if(_last_positive(b, CRITICAL) > _last_positive(b, MODERATE), difference)


def _il7_rise(b: Bench) -> float:
    """Return critical over normal IL-7, if it rises more in the critical than on the ward."""
    critical, ward = b.extreme("il7", CRITICAL), b.extreme("il7", MODERATE)
    return _only_if(critical > ward, critical / physiology.baseline()["il7_normal"])


def _plasmablasts(b: Bench) -> float:
    """Return plasmablasts of the critical, if those of moderate patients stay under 15%."""
    return _only_if(b.extreme("plasmablasts", MODERATE) < 15, b.extreme("plasmablasts", CRITICAL))


MEASURES: dict[str, Callable[[Bench], float]] = {
    "VK01": lambda b: float(b.preset("mild")["viral_load"].max()),
    "VK02": lambda b: (
        float(b.preset("mild")["viral_load"].idxmax()) + physiology.baseline()["symptom_onset"]
    ),
    "VK03": lambda b: (
        24
        * (
            _first_day(b.preset("mild"), "viral_load", _DETECTED)
            + physiology.baseline()["symptom_onset"]
        )
    ),
    "VK04": _culturable_until,
    "VK06": lambda b: float(b.preset("mild")["viral_load"].max()),
    "VK07": lambda b: float(np.median(b.cohort["viral_load"][b.classes <= MODERATE].max(axis=1))),
    "VK08": lambda b: float((b.cohort.observe(0)["viral_load"] > _DETECTED).mean()),
    "VK09": lambda b: float((b.cohort.observe(30)["viral_load"] > _DETECTED).mean()),
    "VK10": _shedding,
    "VK11": lambda b: float(b.cohort.observe(5)["viral_load"].std()),
    "VK12": _loads_differ,
    "IFN01": _ifn_critical(0, 5),
    "IFN02": _ifn_critical(6, 8),
    "IFN03": _ifn_critical(9, 11),
    "IFN04": _ifn_critical(12, 15),
    "IFN05": _ifn_critical(16, 24),
    "IFN06": lambda b: float((~_ifn_positive(b)).mean()),
    "IFN07": _il6_by_ifn,
    "IFN08": lambda b: b.on("ifn", MODERATE, 8) / b.on("ifn", CRITICAL, 8),
    "IFN09": _ifn_smd,
    "IFN11": lambda b: _carriers(b, b.classes == CRITICAL),
    "IFN12": lambda b: _carriers(b, b.classes == CRITICAL),
    "IFN13": lambda b: _carriers(b, b.age < 70),
    "IFN14": lambda b: float(
        (b.cohort.traits["ifn_production"].to_numpy()[b.classes == CRITICAL] < 0.15).mean()
    ),
    "IFN15": lambda b: float(
        b.preset("delayed_ifn")["ifn"].idxmax() - b.preset("delayed_ifn")["il6"].idxmax()
    ),
    **{
        f"{row}_{label}": (lambda b, f=reading, r=readout, s=severity: getattr(b, f)(r, s))
        for row, reading, readout in (
            ("LAB01", "stay", "alc"),
            ("LAB02", "extreme", "alc"),
            ("LAB03", "stay", "neutrophils"),
            ("LAB04", "stay", "il6"),
            ("LAB05", "extreme", "il6"),
            ("LAB06", "stay", "il10"),
            ("LAB07", "stay", "tnf"),
        )
        for label, severity in (("mild", MODERATE), ("seve", SEVERE), ("crit", CRITICAL))
    },
    "LYM01": lambda b: b.on("alc", CRITICAL, 10),
    "LYM02_CD3": lambda b: _t_cells(b, CRITICAL) / _t_cells(b, MODERATE),
    "LYM02_CD4": _admission_ratio("cd4"),
    "LYM02_CD8": _admission_ratio("cd8"),
    "LYM02_CD19_B": _admission_ratio("b_cells"),
    "LYM02_NK": _admission_ratio("nk"),
    "LYM03": lambda b: float(
        (
            (b.column("cd4", CRITICAL).min(axis=1) < 400)
            & (b.column("cd8", CRITICAL).min(axis=1) < 300)
        ).mean()
    ),
    "LYM04": lambda b: max(_inpatient_correlation("alc", y)(b) for y in ("il6", "il10", "tnf")),
    "LYM05": _mean_difference("cd4"),
    "LYM06": _mean_difference("cd8"),
    "LYM07": lambda b: b.extreme("pd1", CRITICAL) / b.extreme("pd1", MODERATE),
    "LYM08": _il7_rise,
    "CYT01": lambda b: float(np.mean(b.cohort["il6"][b.classes >= SEVERE, b.day(10)])),
    "CYT02": lambda b: b.extreme("il6", CRITICAL) / b.extreme("il6", MODERATE),
    "CYT03": _mean_difference("il6"),
    "CYT04": lambda b: b.extreme("il18", CRITICAL) / b.extreme("il18", MODERATE),
    "CYT05": lambda b: b.on("il18", CRITICAL, 10) / b.on("il18", MODERATE, 10),
    "CYT06": lambda b: b.extreme("il1b", CRITICAL),
    "LABX1": _survivor_panel,
    "LABX2": lambda b: float(
        np.mean(np.median(b.cohort["esr"][b.classes >= MODERATE][:, b.day(6) : b.day(22)], axis=1))
    ),
    "END02": lambda b: float(_mas(b)[_failure(b)].mean()),
    "END03": lambda b: float(b.preset("mas_like")["ferritin"].max()),
    "END04": lambda b: float(b.preset("il6_dysregulated")["hla_dr"].min()),
    "END05": lambda b: _inpatient_correlation("hla_dr", "il6")(b),
    "END06": lambda b: max(
        b.extreme(r, CRITICAL) / b.extreme(r, MODERATE) for r in ("cd4", "b_cells", "nk")
    ),
    "END07": _mas_ferritin_ratio,
    "BC01": _plasmablasts,
    "BC02": lambda b: b.extreme("auto_ab", CRITICAL) / b.extreme("auto_ab", MODERATE),
    "BC03": lambda b: _first_day(
        b.preset("extrafollicular"), "nab", {**physiology.baseline(), **b.constants}["nab_half"]
    ),
    "BC04": lambda b: b.on("germinal_centre", CRITICAL, 14) / b.on("germinal_centre", MODERATE, 14),
    "BC05": lambda b: float(np.median(_seroconversion(b, b.classes >= MODERATE))),
    "BC06": lambda b: float(np.median(_seroconversion(b))),
    "BC07": lambda b: float((_seroconversion(b, b.classes >= MODERATE) <= 19).mean()),
    "BC08": lambda b: b.on("nab", CRITICAL, 45) / b.on("nab", MODERATE, 45),
    "BC09": lambda b: b.extreme("auto_ab", SEVERE) / b.extreme("auto_ab", MODERATE),
    "RX01": _dexamethasone(13, 3, 3),
    "RX02": _dexamethasone(9, 1, 2),
    "RX03": _dexamethasone(6, 0, 0),
    "RX04": _tocilizumab,
    "RX05": lambda b: b.relative_risk(
        b.eligible(9, 0, 3), (treatment("hydroxychloroquine", day=9),)
    ),
    "RX06": _anakinra,
    "RX07": _il7_in_sepsis,
}
