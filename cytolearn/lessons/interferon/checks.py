"""What the model says about lesson 1: every expected number, and what the usual mistakes give.

Content.toml names these functions. No number of the model is written down here or there.
"""

from __future__ import annotations

import math
from functools import lru_cache

import cytolearn as cl
from cytolearn import physiology
from cytolearn.apps import explorer
from cytolearn.lessons.answers import Expected
from cytolearn.lessons.claims import Shown
from cytolearn.lessons.curves import at, peak
from cytolearn.wording import number, percent

ANA, BEN = "mild", "delayed_ifn"
HELPED = 0.75  # "cut by at least a quarter": predictions and task 3
NOTICED = 0.05  # a change of the peak below this is hardly a difference
RESCUED = 0.5  # "cut by at least a half": task 4
START_DAYS = range(0, 11)
LATE_DAY = 8


@lru_cache(maxsize=64)
def course(preset: str, drug: str = "", day: int = 0):
    """Return the course of a preset, treated with one drug from one day on or not at all."""
    patient = cl.Patient(preset)
    return (patient.treat(cl.treatment(drug, day=day)) if drug else patient).run()


def onset() -> float:
    """Return the days from infection to the first symptom."""
    return -float(course(BEN).time[0])


def share_left(preset: str, drug: str, day: int) -> float:
    """Return the treated peak lesion as a share of the untreated one, as precise as it is printed."""
    return round(peak(course(preset, drug, day)["lesion"]) / peak(course(preset)["lesion"]), 2)


def crossing() -> float:
    """Return the first day after onset on which Ben has more interferon than Ana (NaN: never)."""
    gap = (course(BEN)["ifn"] - course(ANA)["ifn"]).loc[0:]
    above = gap[gap > 0]
    return float(above.index[0]) if len(above) else math.nan


def already_infected(day: float) -> float:
    """Return the share, of all lung cells that the virus ever infects in Ben, infected by a day."""
    ben, upper = course(BEN), physiology.baseline()["lung_share"]
    rate = upper * ben["infection_lung"] + (1 - upper) * ben["infection_distal"]
    return float(rate.loc[:day].sum() / rate.sum())


# ---------------------------------------------------------------- predictions
def blood_sample() -> Expected:
    """Which curve of blood interferon is higher, early and late."""
    ana, ben = course(ANA)["ifn"], course(BEN)["ifn"]
    early, late = at(ben, 0) - at(ana, 0), at(ben, LATE_DAY) - at(ana, LATE_DAY)
    shown = {(False, False): "A", (False, True): "B", (True, False): "C"}.get(
        (early > 0, late > 0), "D"
    )
    return Expected(
        shown,
        facts={
            "shown": f"on the first day of symptoms Ana has {number(at(ana, 0), 2)} pg/mL and Ben "
            f"{number(at(ben, 0), 2)}; on day {LATE_DAY} Ana has {number(at(ana, LATE_DAY), 2)} and Ben "
            f"{number(at(ben, LATE_DAY), 2)}. The curves cross near day {number(crossing(), 2)}"
        },
    )


def treatment_window() -> Expected:
    """On which start days interferon beta clearly reduces Ben's lesion."""
    left = {day: share_left(BEN, "ifn_beta_1a", day) for day in START_DAYS}
    helped = [day for day, share in left.items() if share <= HELPED]
    early, late = bool(helped) and min(helped) <= 1, bool(helped) and max(helped) >= LATE_DAY
    shown = {(True, True): "A", (True, False): "B", (False, True): "C"}.get((early, late), "D")
    return Expected(
        shown,
        facts={
            "shown": f"started on day 1 after the first symptom, {percent(left[1])} of the untreated peak "
            f"lesion remains; started on day 4, {percent(left[4])}; started on day {LATE_DAY}, "
            f"{percent(left[LATE_DAY])} (100% means no effect)"
        },
    )


# ---------------------------------------------------------------- tasks
def fold_more_virus_in_lung() -> Expected:
    """How many times more virus Ben's lung holds at its peak."""
    ana, ben = course(ANA), course(BEN)
    lung = peak(ben["viral_load_lung"]) - peak(ana["viral_load_lung"])
    nose = peak(ben["viral_load"]) - peak(ana["viral_load"])
    return Expected(
        10**lung,
        mistakes={
            "log_difference": lung,
            "nose": 10**nose,
            "inverse": 10**-lung,
            "ratio_of_logs": peak(ben["viral_load_lung"]) / peak(ana["viral_load_lung"]),
            "natural": math.exp(lung),
        },
        facts={
            "fold": number(10**lung, 2),
            "nose_fold": number(10**nose, 2),
            "log_difference": number(lung, 3),
        },
    )


def crossing_day() -> Expected:
    """When Ben's interferon overtakes Ana's."""
    ana, ben = course(ANA), course(BEN)
    return Expected(
        crossing(),
        mistakes={
            "since_infection": crossing() + onset(),
            "ben_peak": float(ben["ifn"].idxmax()),
            "ana_peak": float(ana["ifn"].idxmax()),
        },
        facts={
            "crossing": number(crossing(), 2),
            "onset": number(onset()),
            "late_day": str(LATE_DAY),
            "late_fold": number(at(ben["ifn"], LATE_DAY) / at(ana["ifn"], LATE_DAY), 2),
            "ben_share": percent(peak(ben["ifn"]) / peak(ana["ifn"])),
        },
    )


def last_useful_start_day() -> Expected:
    """Until which start day interferon beta cuts Ben's peak lesion by a quarter."""
    left = {day: share_left(BEN, "ifn_beta_1a", day) for day in START_DAYS}

    def last_below(limit: float) -> float:
        return float(max((day for day, share in left.items() if share <= limit), default=math.nan))

    last = last_below(HELPED)
    if math.isnan(last):
        return Expected(last)
    return Expected(
        last,
        mistakes={
            "first_useless": last + 1,
            "since_infection": last + onset(),
            "any_benefit": last_below(0.995),
            "best_day": float(min(left, key=left.get)),
            "half": last_below(0.5),
        },
        facts={
            "last": number(last),
            "onset": number(onset()),
            "share_last": percent(left[int(last)]),
            "share_next": percent(share_left(BEN, "ifn_beta_1a", int(last) + 1)),
            "late_day": str(LATE_DAY),
            "share_late": percent(left[LATE_DAY]),
            "infected": percent(already_infected(LATE_DAY)),
        },
    )


DEFECTS = ("ifn_inborn_error", "anti_ifn_autoantibodies", "ifnar_deficiency")


def helped_by_beta() -> Expected:
    """Whose lesion interferon beta, started on the first day of symptoms, cuts by a half."""

    def helped(drug: str) -> frozenset[str]:
        return frozenset(name for name in DEFECTS if share_left(name, drug, 0) <= RESCUED)

    return Expected(
        helped("ifn_beta_1a"),
        mistakes={
            "alpha": helped("ifn_alpha2"),
            "everyone": frozenset(DEFECTS),
            "only_autoantibody": frozenset({"anti_ifn_autoantibodies"}),
            "nobody": frozenset(),
        },
    )


# ---------------------------------------------------------------- evidence: what the model shows
def swab_against_lung() -> str:
    facts = fold_more_virus_in_lung().facts
    return f"Ben's swab peaks {facts['nose_fold']} times as high as Ana's, his lung {facts['fold']} times as high."


def blood_days() -> str:
    return f"Which of the two has less depends on the day: {blood_sample().facts['shown']}."


def _ana_with(trait: str, preset: str) -> cl.Patient:
    """Return Ana with one trait of somebody else; their other traits would blur the comparison."""
    return cl.Patient(ANA).but(**{trait: cl.Patient(preset).traits[trait]})


def _left(patient: cl.Patient, drug: str, day: int) -> float:
    """Return the share of the peak lesion that a drug leaves."""
    treated = patient.treat(cl.treatment(drug, day=day)).run()
    return peak(treated["lesion"]) / peak(patient.run()["lesion"])


def _defect(patient: cl.Patient, words: str) -> str:
    low, normal = patient.run(), course(ANA)
    return (
        f"{words} the lung lesion peaks at {number(peak(low['lesion']), 2)}% of the lung, against "
        f"{number(peak(normal['lesion']), 2)}% in Ana, who is otherwise the same."
    )


def inborn_error() -> str:
    patient = _ana_with("ifn_production", "ifn_inborn_error")
    return _defect(patient, "With an inborn error of production")


def autoantibody() -> str:
    patient = _ana_with("ifn_autoantibody", "anti_ifn_autoantibodies")
    alpha, beta = (percent(_left(patient, drug, 0)) for drug in ("ifn_alpha2", "ifn_beta_1a"))
    return (
        f"{_defect(patient, 'With autoantibodies')} Started on day 0, interferon alpha leaves {alpha} "
        f"of it, interferon beta {beta}. That is a prediction."
    )


def late_treatment() -> str:
    return (
        f"Started on day {LATE_DAY}, interferon beta leaves Ben {percent(share_left(BEN, 'ifn_beta_1a', LATE_DAY))} "
        "of his untreated peak lesion."
    )


def early_treatment() -> str:
    return (
        f"Started on day 1, interferon beta leaves Ben {percent(share_left(BEN, 'ifn_beta_1a', 1))} of his "
        "untreated peak lesion. No trial found nearly as much: patients differ, and few come that early."
    )


def late_harm() -> str:
    worst = max(START_DAYS, key=lambda day: share_left(BEN, "ifn_beta_1a", day))
    share = share_left(BEN, "ifn_beta_1a", worst)
    verdict = "hardly any difference" if share < 1 + NOTICED else "a harm"
    return (
        f"At worst, started on day {worst}, interferon beta leaves Ben {percent(share)} of his untreated peak "
        f"lesion: {verdict}. The model lets late interferon attract inflammatory cells and slow repair; both are "
        "assumptions."
    )


# ---------------------------------------------------------------- claims and misconceptions
def app(tab: str, patient: str = BEN):
    """Return the lesson's app with one of its tabs."""
    return explorer(patient, tabs=[tab] if tab else [])


def interferon_helps_early_only() -> Shown:
    """000-05, M02: the tab "When to start" on Ben."""
    shares = [share_left(BEN, "ifn_beta_1a", day) for day in (1, LATE_DAY)]
    early, late = shares
    return Shown(early <= HELPED and late > 1 - NOTICED, f"{early_treatment()} {late_treatment()}")


def defence_and_inflammation_part() -> Shown:
    """000-11: little interferon and much inflammation in one and the same patient."""
    early = at(course(BEN)["ifn"], 0) / at(course(ANA)["ifn"], 0)
    fold = peak(course(BEN)["il6"]) / peak(course(ANA)["il6"])
    words = (
        f"On day 0 Ben has {percent(early)} of Ana's interferon; later his IL-6 peaks "
        f"{number(fold, 2)} times as high as hers: too little defence and too much inflammation in one person."
    )
    return Shown(early < 0.5 and fold > 2, words)


def low_first_high_later() -> Shown:
    """000-12: the tab "One blood sample": impaired or not depends on the day."""
    page = app("blood", ANA)
    page.set(sensing_delay=4)
    early, late = page.pages["blood"].draw(0), page.pages["blood"].draw(LATE_DAY)
    right = blood_sample().value == "B"
    return Shown(right and early != late, f"{early} {late}")


def blood_and_lung_disagree() -> Shown:
    """M03: Ana without a working receptor: blood full of interferon, lung without protection."""
    page = app("", ANA).set(ifn_response=0)
    deaf, ana, day = page.course, course(ANA), 4
    blood = at(deaf["ifn"], day) / at(ana["ifn"], day)
    lung = (at(deaf["isg"], day), at(ana["isg"], day))
    words = (
        f"On day {day} Ana without a receptor has {number(blood, 2)} times as much interferon in her blood as "
        f"Ana, yet the antiviral state of her lung is {percent(lung[0])} of full strength, against "
        f"{percent(lung[1])}: blood says nothing about what the lung hears."
    )
    return Shown(blood > 2 and lung[0] < lung[1], words)


def antibodies_came_first() -> Shown:
    """M04: the tab "What if?": the lung's virus peaks before an induced antibody could appear."""
    page = app("whatif", ANA).pages["whatif"]
    words = page.ask("first")
    before, none = page.curves().values()
    peak_day = float(page.app.days[int(before["viral_load_lung"].argmax())])
    worse = before["viral_load_lung"].max() - none["viral_load_lung"].max()
    return Shown(bool(worse > 1 and peak_day < page.marked_day()), words)


def another_receptor_spares_the_blood() -> Shown:
    """M06: the tab "What if?" on Ana: same virus, fewer lymphocytes lost from the blood."""
    page = app("whatif", ANA).pages["whatif"]
    words = page.ask("receptor")
    everywhere, lining = page.curves().values()
    same = abs(everywhere["viral_load_lung"].max() - lining["viral_load_lung"].max()) < 0.1
    spared = lining["alc"].min() / everywhere["alc"].min()
    return Shown(bool(same and spared > 1 + NOTICED), words)


def deficiency_matters_though_late_drug_fails() -> Shown:
    """M07: both facts in one model."""
    without, late = inborn_error(), late_treatment()
    patient = _ana_with("ifn_production", "ifn_inborn_error")
    worse = peak(patient.run()["lesion"]) > 2 * peak(course(ANA)["lesion"])
    rescue = _left(patient, "ifn_beta_1a", LATE_DAY)
    words = f"{without} {late} In the inborn error the same late drug leaves {percent(rescue)}."
    return Shown(worse and rescue > 1 - NOTICED, words)
