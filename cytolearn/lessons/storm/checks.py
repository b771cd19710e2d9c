"""What the model says about lesson 3: every expected number, and what the usual mistakes give.

Content.toml names these functions. No number of the model is written down here or there.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

import cytolearn as cl
from cytolearn.clinic import criteria, death_risk
from cytolearn.figures import storm
from cytolearn.lessons.answers import Expected
from cytolearn.lessons.claims import Shown
from cytolearn.lessons.curves import at, peak
from cytolearn.wording import number, percent

TESS, MARA, JONAS = "moderate", "mas_like", "il6_dysregulated"
NAMES = {TESS: "Tess", MARA: "Mara", JONAS: "Jonas"}
NOTICED = 0.1  # a change of the peak lesion below a tenth is hardly a difference
TREATED = 7  # day of treatment, predictions and task 2
LATER = 14  # day on which task 2 looks
MARKED = 8  # day on which task 4 measures ferritin and treats
PREDICTIVE = 0.15  # risk ratios that differ by so much differ: task 4
STEP = 0.5  # of the gain: task 1
PEOPLE, OF_THEM = 2500, "viral_antagonism > 0.85 and sensing_delay > 2.5"


@lru_cache(maxsize=64)
def course(preset: str, drug: str = "", day: int = TREATED, **changes: float):
    """Return the course of a preset, changed, and treated from one day on or not at all."""
    patient = cl.Patient(preset)
    patient = patient.but(**changes) if changes else patient
    return (patient.treat(cl.treatment(drug, day=day)) if drug else patient).run()


def ratio(preset: str, drug: str) -> float:
    """Return the peak lesion with a drug over that without."""
    return peak(course(preset, drug)["lesion"]) / peak(course(preset)["lesion"])


@lru_cache(maxsize=1)
def lesson_app():
    """Return the lesson's own app, whose tabs the proofs use."""
    from cytolearn.lessons.content import load_content, person

    content = load_content("storm")
    spec = content["explorer"]
    people = {name: person(content, name) for name in content["patients"]}
    from cytolearn.apps import Explorer

    return Explorer(
        people.pop(spec["reference"]), spec["controls"], spec["readouts"], spec["treatments"],
        tabs=spec["tabs"], people=people,
    )  # fmt: skip


def app(name: str = "Mara"):
    """Return the app as it shows somebody, untreated, with every tab as it opens."""
    shown = lesson_app().reset()
    shown.treat(None)
    if name != NAMES[TESS]:
        shown.show(name)
    shown.pages["network"].knock_out()
    shown.pages["definitions"].take_out()
    return shown


# ---------------------------------------------------------------- predictions
def loop_without_fuel() -> Expected:
    """What Mara's inflammasome gain does to Tess."""
    gain = cl.Patient(MARA).traits["mas_gain"]
    own, with_gain = course(TESS), course(TESS, mas_gain=gain)
    mara = peak(course(MARA)["lesion"])
    before, after = peak(own["lesion"]), peak(with_gain["lesion"])
    share = (after - before) / (mara - before)
    shown = "D" if share < -NOTICED else "B" if share < NOTICED else "C" if share < 0.7 else "A"
    ferritin = [number(peak(c["ferritin"]), 2) for c in (own, with_gain, course(MARA))]
    virus = 10 ** (peak(own["viral_load_lung"]) - peak(course(MARA)["viral_load_lung"]))
    return Expected(
        shown,
        facts={
            "shown": f"with the inflammasome gain at {number(gain)} as in Mara, Tess's lung lesion peaks at "
            f"{number(after, 2)}% of the lung instead of {number(before, 2)}%, and her ferritin at "
            f"{ferritin[1]} ng/mL instead of {ferritin[0]}; in Mara they are {number(mara, 2)}% and "
            f"{ferritin[2]} ng/mL. A loop multiplies what is fed into it, and Tess's lung holds "
            f"{percent(virus)} of Mara's virus"
        },
    )


def blocked_receptor() -> Expected:
    """What tocilizumab does to Mara's IL-6, CRP and lung."""
    with_it, without = course(MARA, "tocilizumab"), course(MARA)
    il6 = [at(c["il6"], TREATED + 2) for c in (without, with_it)]
    crp = [at(c["crp"], TREATED + 5) for c in (without, with_it)]
    lesion = [peak(c["lesion"]) for c in (without, with_it)]
    rises, falls = il6[1] > 1.2 * il6[0], crp[1] < 0.8 * crp[0]
    better = lesion[1] < (1 - NOTICED) * lesion[0]
    shown = (
        "A" if falls and better and not rises
        else "C" if falls and rises and not better
        else "B" if rises and not falls
        else "D"
    )  # fmt: skip
    return Expected(
        shown,
        facts={
            "shown": f"two days after the infusion IL-6 is {number(il6[1], 2)} pg/mL (without it {number(il6[0], 2)}); "
            f"five days after it CRP is {number(crp[1], 2)} mg/L (without it {number(crp[0], 2)}); and the lesion peaks "
            f"at {number(lesion[1], 2)}% of the lung (without it {number(lesion[0], 2)}%)"
        },
    )


# ---------------------------------------------------------------- tasks
def first_gain(readout: str, limit: float, *, below: bool = False) -> float:
    """Return the first gain, in steps, at which Mara's worst value passes a limit."""
    for gain in np.arange(0, 10 + STEP / 2, STEP):
        series = course(MARA, mas_gain=float(gain))[readout]
        if (series.min() < limit) if below else (series.max() > limit):
            return float(gain)
    return float("nan")


def gain_of_mas() -> Expected:
    """From which inflammasome gain Mara's ferritin counts as MAS."""
    gain = first_gain("ferritin", storm.MAS)

    def ferritin(preset: str, gain: float, digits: int) -> str:
        return number(peak(course(preset, mas_gain=gain)["ferritin"]), digits)

    return Expected(
        gain,
        mistakes={
            "one_too_low": gain - STEP,
            "two_too_low": gain - 2 * STEP,
            "three_too_low": gain - 3 * STEP,
            "one_too_high": gain + STEP,
            "her_own": cl.Patient(MARA).traits["mas_gain"],
            "lung": first_gain("pf_ratio", storm.VENTILATOR, below=True),
            "hscore": first_gain("ferritin", 2000),
        },
        facts={
            "gain": number(gain),
            "before": number(gain - STEP),
            "ferritin": ferritin(MARA, gain, 3),
            "ferritin_before": ferritin(MARA, gain - STEP, 3),
            "ferritin_two_below": ferritin(MARA, gain - 2 * STEP, 3),
            "ferritin_three_below": ferritin(MARA, gain - 3 * STEP, 3),
            "ferritin_tess": ferritin(TESS, gain, 2),
            "own": number(cl.Patient(MARA).traits["mas_gain"]),
        },
    )


def crp_against_lung() -> Expected:
    """By how many per cent tocilizumab lowers Jonas's CRP a week later."""
    with_it, without = course(JONAS, "tocilizumab"), course(JONAS)

    def lower(readout: str) -> float:
        return 100 * (1 - at(with_it[readout], LATER) / at(without[readout], LATER))

    crp = lower("crp")
    return Expected(
        crp,
        mistakes={
            "share_left": 100 - crp,
            "fraction": crp / 100,
            "lesion": lower("lesion"),
            "absolute": at(without["crp"], LATER) - at(with_it["crp"], LATER),
            "other_way": 100 * (at(without["crp"], LATER) / at(with_it["crp"], LATER) - 1),
            "il6": -lower("il6"),
        },
        facts={
            "crp": number(crp, 2),
            "lesion": number(lower("lesion"), 1),
            "day": str(LATER),
            "fold_il6": number(at(with_it["il6"], LATER) / at(without["il6"], LATER), 2),
        },
    )


def eleven_patients() -> Expected:
    """Return the lower end of the exact 95% interval of 8 of 11, in per cent."""
    from statsmodels.stats.proportion import proportion_confint

    def ends(method: str) -> tuple[float, float]:
        return tuple(100 * end for end in proportion_confint(8, 11, method=method))

    low, high = ends("beta")
    return Expected(
        low,
        mistakes={
            "normal": ends("normal")[0],
            "wilson": ends("wilson")[0],
            "fraction": low / 100,
            "upper": high,
            "point": 100 * 8 / 11,
        },
        facts={
            "low": number(low, 2),
            "high": number(high, 2),
            "normal": number(ends("normal")[0], 2),
            "normal_high": number(ends("normal")[1], 3),
            "point": number(100 * 8 / 11, 2),
            "sensitivity": number(100 * proportion_confint(8, 8, method="beta")[0], 2),
        },
    )


@lru_cache(maxsize=4)
def risks(drug: str = "") -> tuple[np.ndarray, np.ndarray]:
    """Return ferritin on the day of treatment, and the risk of death, of everybody on the ward."""
    people = cl.population(PEOPLE, seed=3)
    ward = people.only(people.traits.query(OF_THEM).index)
    ward = ward.treat(cl.treatment(drug, day=MARKED)) if drug else ward
    run = ward.run(progress=False, readouts=["ferritin", "lesion", "infection_hazard"])
    risk = death_risk(run.days, run["lesion"], run["infection_hazard"], run.traits["age"])
    return run.at(MARKED)["ferritin"].to_numpy(), risk


def by_ferritin(drug: str) -> dict[str, float]:
    """Return risks and risk ratios of those with high and with low ferritin."""
    ferritin, control = risks()
    treated, high = risks(drug)[1], ferritin > np.median(ferritin)
    return {
        "high": control[high].mean(),
        "low": control[~high].mean(),
        "ratio_high": treated[high].mean() / control[high].mean(),
        "ratio_low": treated[~high].mean() / control[~high].mean(),
    }


def who_benefits() -> Expected:
    """For which drug ferritin is predictive: its relative effect differs between the groups."""
    found = {drug: by_ferritin(drug) for drug in ("tocilizumab", "anakinra")}
    differs = [d for d, f in found.items() if abs(f["ratio_high"] - f["ratio_low"]) > PREDICTIVE]
    value = {0: "neither", 2: "both"}.get(len(differs)) or differs[0]
    wrong = ("tocilizumab", "anakinra", "both", "neither")
    facts = {"high": percent(found["anakinra"]["high"]), "low": percent(found["anakinra"]["low"])}
    for drug, f in found.items():
        facts |= {f"{drug}_{end}": f"{f[f'ratio_{end}']:.2f}" for end in ("high", "low")}
    return Expected(value, mistakes={w: w for w in wrong if w != value}, facts=facts)


# ---------------------------------------------------------------- evidence: what the model shows
def levels() -> str:
    page = app("Mara").pages["scale"]
    mara = page.peak()
    jonas = app("Jonas").pages["scale"].peak()
    crs = page_value("CAR-T")
    return (
        f"Mara's IL-6 peaks at {number(mara)} pg/mL and Jonas's at {number(jonas)}: 1/{number(crs / mara, 2)} and "
        f"1/{number(crs / jonas, 2)} of the pooled mean of CAR-T release syndrome. Their lungs fail all the same."
    )


def page_value(name: str) -> float:
    """Return a published value of the tab "How big is a storm?" by the beginning of its name."""
    from cytolearn.apps.scale_of_storms import published

    return next(row["value"] for row in published() if row["name"].startswith(name))


def six_answers() -> str:
    page = app("Mara").pages["definitions"]
    said = [page.draw(day, "assume a feverish inpatient")["verdict"] for day in (9, 12)]
    yes = [[page_names()[n] for n, v in one.items() if v is True] for one in said]
    return (
        f"On day 9 Mara is a case for {len(yes[0])} of the six rules ({', '.join(yes[0])}), on day 12 for "
        f"{len(yes[1])} ({', '.join(yes[1])}); what the model does not make is assumed to be that of a feverish "
        "inpatient."
    )


def page_names() -> dict[str, str]:
    from cytolearn.apps.definitions import SHORT

    return SHORT


def two_patterns() -> str:
    counts = app("Mara").pages["definitions"].split(storm.MAS, storm.DYSREGULATION)
    n = sum(counts.values())
    return (
        f"On the virtual ward {counts['MAS']} of {n} patients pass the ferritin limit, {counts['immune dysregulation']} "
        f"others the HLA-DR limit, and {counts['neither']} neither. The two patterns are the ends of a spectrum."
    )


@lru_cache(maxsize=8)
def knocked_out(name: str) -> dict[str, float]:
    """Return the peak lesion of Mara and Jonas with cells deaf to a messenger, over that without."""
    out = {}
    for person in ("Mara", "Jonas"):
        page = app(person).pages["network"]
        page.knock_out(name)
        whole, left = page.outcomes()["lesion"]
        out[person] = left / whole
        page.knock_out()
    return out


def _deaf(name: str, words: str, drug: str) -> str:
    left = knocked_out(name)
    treated = {p: ratio(preset, drug) for preset, p in NAMES.items() if preset != TESS}
    return (
        f"With cells deaf to {words}, Mara keeps {percent(left['Mara'])} of her peak lesion and Jonas "
        f"{percent(left['Jonas'])} of his. {drug.capitalize()} from day {TREATED} leaves Mara "
        f"{percent(treated['Mara'])}, Jonas {percent(treated['Jonas'])}."
    )


def il1() -> str:
    tissue = [peak(course(p)["il1b_tissue"]) for p in (TESS, MARA)]
    blood = [peak(course(p)["il1b"]) for p in (TESS, MARA)]
    return (
        f"{_deaf('il1', 'IL-1', 'anakinra')} At the peak Mara's tissue holds {number(tissue[1] / tissue[0], 2)} times as "
        f"much IL-1 beta as Tess's; her blood holds {number(blood[1], 2)} pg/mL against {number(blood[0], 2)}, at the "
        "edge of what an assay can see."
    )


def il6() -> str:
    return _deaf("il6", "IL-6", "tocilizumab") + " (In this model IL-6 also brakes macrophages.)"


def tnf() -> str:
    return _deaf("tnf", "TNF", "infliximab")


def small_sample() -> str:
    page = app("Mara").pages["definitions"]
    cuts = page.few(seed=0)
    ward = page.ward()
    return (
        f"Twenty studies of eleven patients, drawn from {len(ward)} virtual ones, give best ferritin cut-offs from "
        f"{number(min(cuts), 2)} to {number(max(cuts), 2)} ng/mL."
    )


def marker() -> str:
    page = app("Mara").pages["definitions"]
    return (
        f"Measured once on day 12, IL-6 tells who on the virtual ward will need a ventilator with an AUC of "
        f"{page.separation('il6'):.2f}, ferritin with {page.separation('ferritin'):.2f} (0.5 is a coin, 1 perfect). Real "
        "patients overlap more."
    )


# ---------------------------------------------------------------- claims and misconceptions
def covid_is_no_car_t() -> Shown:
    """000-04, M15: the tab "How big is a storm?"."""
    page = app("Mara").pages["scale"]
    crs, severe = page_value("CAR-T"), page_value("COVID-19, severe: pooled")
    return Shown(crs / severe > 50 and crs > 5 * page.peak(), levels())


def il1_matters_in_some() -> Shown:
    """000-07: deaf to IL-1, Mara is much better, Jonas hardly."""
    left = knocked_out("il1")
    return Shown(left["Mara"] < 0.75 and left["Jonas"] > 1 - 2 * NOTICED, il1())


def il6_matters_in_others() -> Shown:
    """000-08: deaf to IL-6, Jonas is better, Mara is not: detrimental, with a limit."""
    left = knocked_out("il6")
    return Shown(left["Jonas"] < 1 - NOTICED and left["Mara"] > 1 - NOTICED, il6())


def tnf_helps_both() -> Shown:
    """000-09: TNF blockade helps both, neither is saved."""
    left = [ratio(p, "infliximab") for p in (MARA, JONAS)]
    return Shown(max(left) < 1 and min(left) > 0.5, tnf())


def one_panel_several_answers() -> Shown:
    """000-10, 003-05, M16: one panel is a case and no case at once; no rule fits the whole ward."""
    page = app("Mara").pages["definitions"]
    page.fill()
    said = set(page.draw(12, "assume a feverish inpatient")["verdict"])
    yes, n = page.agreement().counts["yes"], len(page.ward())
    words = f"{six_answers()} {page.summary()}"
    return Shown({True, False} <= said and yes["hscore"] < 0.2 * n < yes["chis"], words)


def most_are_in_neither_class() -> Shown:
    """000-15: with the published cut-offs most of the ward is neither."""
    page = app("Mara").pages["definitions"]
    counts = page.split(storm.MAS, storm.DYSREGULATION)
    both = counts["MAS"] > 0 and counts["immune dysregulation"] > 0
    return Shown(both and counts["neither"] > sum(counts.values()) / 2, two_patterns())


def virus_first_inflammation_later() -> Shown:
    """001-01, 003-04: what harms the lung, early and late."""
    page = app("Mara").pages["network"]
    share = {}
    for day in (3, 10):
        page.draw(day)
        share[day] = page.share_of_harm()
    words = (
        f"In Mara inflammation does {percent(share[3])} of what harms the lung on day 3 and {percent(share[10])} on day "
        "10; the rest is the death of infected cells."
    )
    return Shown(share[3] < 0.5 < 0.9 < share[10], words)


def storm_follows_the_virus() -> Shown:
    """001-02: with less virus in the lung the same gains make no storm."""
    shown = app("Mara")
    before = {r: float(shown.curves[r].max()) for r in ("il6", "lesion")}
    shown.set(viral_antagonism=0.6)
    after = {r: float(shown.curves[r].max()) for r in before}
    words = (
        f"With viral antagonism 0.6 Mara, gains unchanged, has an IL-6 of {number(after['il6'], 2)} instead of "
        f"{number(before['il6'], 2)} pg/mL and a lesion of {number(after['lesion'], 2)} instead of "
        f"{number(before['lesion'], 2)}%."
    )
    return Shown(all(after[r] < before[r] / 3 for r in before), words)


def no_single_pivot() -> Shown:
    """001-07: which messenger matters most is not the same in Mara and Jonas."""
    left = {m: knocked_out(m) for m in ("il1", "il6", "tnf", "ifng")}
    best = {p: min(left, key=lambda m, p=p: left[m][p]) for p in ("Mara", "Jonas")}
    told = "; ".join(
        f"{p}: {', '.join(f'{storm.SILENCED[m][0]} {percent(left[m][p])}' for m in left)}"
        for p in best
    )
    return Shown(best == {"Mara": "il1", "Jonas": "il6"}, f"Lesion left when deaf to it. {told}.")


def the_rules_disagree() -> Shown:
    """001-15: pairs of rules that agree on few, and hardly a patient on whom all six agree."""
    page = app("Mara").pages["definitions"]
    page.draw(12, "assume a feverish inpatient")
    found = page.fill()
    low = float(np.nanmin(found.percent.to_numpy(float)))
    return Shown(low < 20, f"The worst pair agrees on {low:.0f}% of the ward. {found.summary()}")


def eleven_say_little() -> Shown:
    """001-16: the interval of 8 of 11."""
    truth = eleven_patients()
    words = f"8 of 11 is compatible with {truth.facts['low']} to {truth.facts['high']}%."
    return Shown(truth.value < 50 < truth.mistakes["upper"], words)


def limits_belong_to_the_laboratory() -> Shown:
    """001-17: other limits of normal, another number of cases."""
    page = app("Mara").pages["definitions"]
    page.fill()
    found = page.by_laboratory()
    told = "; ".join(f"{name}: {n}" for name, n in found.items())
    return Shown(len(set(found.values())) > 1, f"CD4 and CD8 below half their lower limit. {told}.")


def il6_overlaps() -> Shown:
    """001-18: a marker, far from perfect, and not the best."""
    page = app("Mara").pages["definitions"]
    il6_auc, ferritin = page.separation("il6"), page.separation("ferritin")
    return Shown(0.6 < il6_auc < 0.9 and il6_auc < ferritin, marker())


def prognostic_is_not_predictive() -> Shown:
    """001-19, M24: ferritin tells who is at risk, and for tocilizumab not who benefits."""
    found = by_ferritin("tocilizumab")
    truth = who_benefits()
    words = (
        f"High against low ferritin: risk of death {truth.facts['high']} against {truth.facts['low']}; risk ratio with "
        f"tocilizumab {truth.facts['tocilizumab_high']} against {truth.facts['tocilizumab_low']}, with anakinra "
        f"{truth.facts['anakinra_high']} against {truth.facts['anakinra_low']}."
    )
    same = abs(found["ratio_high"] - found["ratio_low"]) < PREDICTIVE
    return Shown(found["high"] > 2 * found["low"] and same and truth.value == "anakinra", words)


def one_brake_helps_and_harms() -> Shown:
    """003-03: the same steroid, the same day: immunity cuts both ways."""
    left = {p: ratio(p, "dexamethasone") for p in (MARA, TESS)}
    words = (
        f"Dexamethasone from day {TREATED} leaves Mara {percent(left[MARA])} of her untreated peak lesion and Tess "
        f"{percent(left[TESS])} of hers."
    )
    return Shown(left[MARA] < 1 - NOTICED and left[TESS] > 1 + NOTICED, words)


def a_tipping_line() -> Shown:
    """003-07: the tab "Phase plane": the same gains tip with much virus, not with little."""
    page = app("Mara").pages["phase"]
    page.map()
    much, where = page.tipping_points(), page.summary()
    page = app("Tess").pages["phase"]
    little = page.tipping_points()
    words = f"Mara: {where} Tess: {page.summary()}"
    return Shown(bool(np.isfinite(much["pf_ratio"]) and np.isnan(little["pf_ratio"])), words)


def il6_rises_under_tocilizumab() -> Shown:
    """M18: the app, tocilizumab given to Mara."""
    shown = app("Mara").treat("tocilizumab", day=TREATED)
    later = shown.days >= TREATED + 2
    up = shown.curves["il6"][later].max() / shown.untreated_curves["il6"][later].max()
    down = shown.curves["crp"][later].max() / shown.untreated_curves["crp"][later].max()
    words = (
        f"With tocilizumab Mara's IL-6 peaks {number(up, 2)} times as high as without, while her CRP falls to "
        f"{percent(down)}: the signal is blocked, the messenger piles up."
    )
    return Shown(bool(up > 2 and down < 0.8), words)


def crp_falls_lung_does_not_heal() -> Shown:
    """M19: task 2."""
    truth = crp_against_lung()
    words = f"CRP {truth.facts['crp']}% lower, lesion {truth.facts['lesion']}% lower."
    return Shown(truth.value > 3 * abs(truth.mistakes["lesion"]), words)


def blood_hides_il1() -> Shown:
    """M20: the tab "Phase plane" shows tissue IL-1 beta, the panel of the app its plasma level."""
    shown = app("Mara")
    said = shown.pages["phase"].draw(9, "loop")
    plasma = shown.curves["il1b"].max() / shown.baseline_curves["il1b"].max()
    tissue = peak(course(MARA)["il1b_tissue"]) / peak(course(TESS)["il1b_tissue"])
    words = f"{said} In the blood the peaks differ {number(plasma, 2)}-fold, in the tissue {number(tissue, 2)}-fold."
    return Shown(bool(tissue > 20 * plasma), words)


def ferritin_alone_is_no_mas() -> Shown:
    """M21: the tab "Six definitions": any ferritin, all else normal, never passes 50 points."""
    page = app("Tess").pages["definitions"]
    page.draw(9, "assume it normal")
    points = {f: float(page.type_in("ferritin", f, "ng/mL").loc["hscore", "points"])
              for f in (1500, 2500, 20000)}  # fmt: skip
    page.take_out()
    words = "HScore of ferritin alone: " + "; ".join(
        f"{number(f)} ng/mL {number(p)} points" for f, p in points.items()
    )
    return Shown(points[1500] == 0 and max(points.values()) == 50, words + " (169 are needed).")


def units_turn_a_verdict() -> Shown:
    """M22: the tab "Six definitions": CRP 6, in mg/dL or in mg/L."""
    page = app("Mara").pages["definitions"]
    page.draw(9, "leave it open")
    page.type_in("potassium", 5.2, "mmol/L")
    said = {u: page.type_in("crp", 6, u).loc["temple", "verdict"] for u in ("mg/dL", "mg/L")}
    page.take_out()
    told = "; ".join(f"CRP 6 {u}: {'yes' if v else 'no'}" for u, v in said.items())
    return Shown(said == {"mg/dL": True, "mg/L": False}, f"Temple rule, the same panel. {told}.")


def one_il6_value_is_luck() -> Shown:
    """M17: the tab "Six definitions": Tess's blood of one day, measured a hundred times."""
    page = app("Tess").pages["definitions"]
    page.draw(9, "leave it open")
    found = page.repeat()
    above = found["il6_above_16.6"]
    words = f"Tess on day 9: IL-6 is above 16.6 pg/mL in {above} of 100 measurements, above 7 in {found['il6_above_7']}."
    return Shown(10 < above < 90, words)


def small_studies_find_any_rule() -> Shown:
    """M23: the tab "Six definitions": eleven patients, twenty times."""
    cuts = app("Mara").pages["definitions"].few(seed=0)
    return Shown(max(cuts) > 1.5 * min(cuts), small_sample())


def the_three_verdicts() -> dict[str, list[object]]:
    """Return what the six rules say of each person of the story on day 12 (used by the tests)."""
    out = {}
    for preset, name in NAMES.items():
        table = criteria.classify(course(preset).labs(12), assume="inpatient")
        out[name] = list(table["verdict"])
    return out
