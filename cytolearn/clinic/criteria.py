"""Six definitions of a "cytokine storm", applied to one panel or to a population.

Thresholds, points and sources are data (rules.csv, rule_sets.csv). An item that was not measured
never counts as a no: a rule says "cannot be decided" unless the missing items could not change
its verdict. For teaching, not for clinical use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from cytolearn.clinic.labs import (
    Labs,
    assumed_for,
    assumption,
    choices,
    cohort_data,
    derive,
    readouts,
    say,
)
from cytolearn.clinic.verdict import (
    Verdict,
    evaluate,
    item_words,
    judge,
    probability,
    rows_of,
    rule_sets,
    threshold,
)
from cytolearn.physiology.tables import read_table
from cytolearn.treatments.teaching import checked_number
from cytolearn.wording import in_sentence, listing, number, percent, unknown

if TYPE_CHECKING:
    import pandas as pd

    from cytolearn.patients import Cohort, Population

__all__ = [
    "Agreement",
    "Labs",
    "Verdict",
    "agreement",
    "assumption",
    "chis",
    "classify",
    "crs_risk",
    "decide",
    "hscore",
    "hscore_probability",
    "hscore_table",
    "immune_class",
    "measurements",
    "rules",
    "save_more",
    "temple",
]


def decide(
    rule_set: str,
    labs: Labs | Mapping[str, object] | None = None,
    *,
    assume: Mapping[str, object] | str | None = None,
    limits: Mapping[str, float] | None = None,
    **values: object,
) -> Verdict:
    """Apply one rule set, by name, to a panel.

    Parameters
    ----------
    rule_set : str
        "crs_risk", "hscore", "immune_class", "temple", "chis" or "save_more".
    labs : Labs or mapping, optional
        The panel, or values for one; see `Labs`.
    assume : mapping, "normal" or "inpatient", optional
        Values for what was not measured, or the name of an `assumption`; reported as assumed.
    limits : mapping of str to float, optional
        Your laboratory's limits of normal: "cd4_lower_limit", "cd8_lower_limit" (cells/uL),
        "il6_upper_limit" (pg/mL).
    **values
        Values by name, instead of a panel or added to one.

    Returns
    -------
    Verdict

    Raises
    ------
    ValueError
        An unknown rule set, value, unit or limit.
    """
    if rule_set not in rule_sets():
        raise ValueError(unknown("rule set", rule_set, rule_sets()))
    panel = _panel(labs, values).assuming(assume)
    return judge(rule_set, panel._values, panel._origin, limits)


def _panel(labs: Labs | Mapping[str, object] | None, values: Mapping[str, object]) -> Labs:
    if labs is not None and not isinstance(labs, Mapping):
        raise ValueError(
            "Give a panel, such as course.labs(9) or Labs(ferritin=2500); you gave "
            f"{type(labs).__name__}."
        )
    if isinstance(labs, Labs):
        return labs.but(values) if values else labs
    return Labs({**dict(labs or {}), **values})


def crs_risk(labs=None, **options) -> Verdict:
    """Risk of cytokine release syndrome: lung injury, CD4 and CD8, IL-6 (Wang 2020).

    Limits of normal are your laboratory's: ``limits={"cd4_lower_limit": 500}``. Trends of
    ferritin, ESR and platelets (from ``Labs(..., earlier=...)``) are listed among the items. See
    `decide` for all options.
    """
    return decide("crs_risk", labs, **options)


def hscore(labs=None, **options) -> Verdict:
    """HScore: nine items, 0 to 337 points, with a probability (Fardet 2014). See `decide`.

    Examples
    --------
    >>> hscore(ferritin=9000, triglycerides="310 mg/dL", fibrinogen=1.4).points
    124.0
    """
    return decide("hscore", labs, **options)


def immune_class(labs=None, **options) -> Verdict:
    """MAS, immune dysregulation or intermediate (Giamarellos-Bourboulis 2020). See `decide`.

    ``label`` is the class; ``verdict`` is True for either of the first two.
    """
    return decide("immune_class", labs, **options)


def temple(labs=None, **options) -> Verdict:
    """Temple criteria: entry and three clusters (Caricchio 2021). See `decide`."""
    return decide("temple", labs, **options)


def chis(labs=None, **options) -> Verdict:
    """Hyperinflammatory syndrome (cHIS): six items, one point each (Webb 2020). See `decide`."""
    return decide("chis", labs, **options)


def save_more(labs=None, **options) -> Verdict:
    """Rule of SAVE-MORE (2021): suPAR of at least 6 ng/mL. See `decide`."""
    return decide("save_more", labs, **options)


def classify(labs: Labs | Mapping[str, object] | None = None, **options) -> pd.DataFrame:
    """Apply all six rule sets to one panel.

    Parameters are those of `decide`, without the name of the rule set.

    Returns
    -------
    pandas.DataFrame, one row a rule set
        ``title`` and ``study``; ``verdict`` (True, False, None); ``label``; ``points`` and
        ``most`` (certain, and possible); ``cutoff``; ``missing`` and ``assumed`` (words);
        ``sentence``.

    Examples
    --------
    >>> import cytolearn as cl
    >>> table = classify(cl.Patient("mas_like").run().labs(9))
    >>> table.loc["immune_class", "label"]
    'intermediate'
    """
    import pandas as pd

    found = {name: decide(name, labs, **options) for name in rule_sets()}
    frame = pd.DataFrame(
        {
            "title": [v.title for v in found.values()],
            "study": [rule_sets()[name]["study"] for name in found],
            "verdict": pd.Series([v.verdict for v in found.values()], dtype=object),
            "label": [v.label for v in found.values()],
            "points": [v.points for v in found.values()],
            "most": [v.most for v in found.values()],
            "cutoff": [v.cutoff for v in found.values()],
            "missing": [", ".join(v.missing) for v in found.values()],
            "assumed": ["; ".join(v.assumed) for v in found.values()],
            "sentence": [v.sentence for v in found.values()],
        }
    )
    return frame.set_index(pd.Index(list(found), name="rule_set"))


def rules(rule_set: str | None = None) -> pd.DataFrame:
    """Return every item of the rule sets: limit, unit, points, source, status and badge.

    ``limit`` is in ``lab_unit``, the unit in which `Labs` keeps the readout; ``threshold`` and
    ``unit`` are as the source prints them. Items with the same ``part`` of a group must be met
    together; of several parts of a group the best one counts.
    """
    import pandas as pd

    if rule_set is not None and rule_set not in rule_sets():
        raise ValueError(unknown("rule set", rule_set, rule_sets()))
    table = []
    for name in [rule_set] if rule_set else rule_sets():
        for row in rows_of(name):
            known = readouts().get(row["readout"], {"unit": row["unit"]})
            table.append(
                {
                    "rule_set": name,
                    "group": row["group_name"],
                    "part": row["part"],
                    "item": item_words(row),
                    "readout": row["readout"],
                    "operator": row["operator"],
                    "threshold": row["threshold"],
                    "unit": row["unit"],
                    "limit": threshold(row),
                    "lab_unit": known["unit"],
                    "points": float(row["points"]) if row["points"] else np.nan,
                    "status": row["status"],
                    "badge": row["badge"],
                    "note": row["note"],
                    "source": rule_sets()[name]["source"],
                    "doi": rule_sets()[name]["doi"],
                }
            )
    return pd.DataFrame(table)


def measurements() -> pd.DataFrame:
    """Return every laboratory value that `Labs` knows: name, unit, other units, aliases."""
    import pandas as pd

    rows = [
        {
            "readout": symbol,
            "name": row["name"],
            "unit": row["unit"] or listing(choices(row), "or"),
            "other_units": ", ".join(
                part.partition("=")[0] for part in filter(None, row["units"].split("|"))
            )
            if row["kind"] == "number"
            else "",
            "aliases": row["aliases"].replace("|", ", "),
            "meaning": row["meaning"],
        }
        for symbol, row in readouts().items()
    ]
    return pd.DataFrame(rows).set_index("readout")


def hscore_probability(points: float) -> float:
    """Return the probability of a haemophagocytic syndrome at an HScore, 0 to 1.

    Our logistic fit to the published table (`hscore_table`), within one percentage point of it.
    """
    return probability(checked_number("HScore", points, 0, 337, "points"))


def hscore_table() -> pd.DataFrame:
    """Return the published probability at each HScore beside our fit."""
    import pandas as pd

    rows = read_table(__package__, "hscore_probability.csv")
    points = [float(row["points"]) for row in rows]
    return pd.DataFrame(
        {"published": [row["published"] for row in rows], "fit": [probability(p) for p in points]},
        index=pd.Index(points, name="HScore"),
    )


# ---- agreement ---------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Agreement:
    """How far the six rule sets agree over a population, on one day.

    Attributes
    ----------
    verdicts : pandas.DataFrame, one row a patient, one column a rule set
        1 yes, 0 no, NaN cannot be decided.
    day : float
        Days since symptom onset.
    assumed : tuple of str
        Values that were assumed for everybody, in words.
    """

    verdicts: pd.DataFrame
    day: float
    assumed: tuple[str, ...] = ()

    @cached_property
    def counts(self) -> pd.DataFrame:
        """Patients with yes, no and "cannot be decided", one row a rule set."""
        import pandas as pd

        v = self.verdicts
        return pd.DataFrame(
            {
                "title": [rule_sets()[name]["title"] for name in v],
                "yes": (v == 1).sum(),
                "no": (v == 0).sum(),
                "cannot be decided": v.isna().sum(),
            },
            index=pd.Index(v.columns, name="rule_set"),
        )

    def _matrix(self, measure) -> pd.DataFrame:
        import pandas as pd

        names = list(self.verdicts)
        matrix = pd.DataFrame(np.nan, names, names)
        for a, b in [*combinations(names, 2), *zip(names, names)]:
            pair = self.verdicts[[a, b]].to_numpy()
            pair = pair[~np.isnan(pair).any(axis=1)]
            matrix.loc[a, b] = matrix.loc[b, a] = measure(pair[:, 0], pair[:, 1])
        return matrix

    @cached_property
    def decided(self) -> pd.DataFrame:
        """Patients for whom both rule sets decide: what each comparison stands on."""
        return self._matrix(lambda a, b: len(a)).astype(int)

    @cached_property
    def percent(self) -> pd.DataFrame:
        """Percentage of those patients on whom two rule sets say the same; NaN for nobody."""
        return self._matrix(lambda a, b: 100 * (a == b).mean() if len(a) else np.nan)

    @cached_property
    def kappa(self) -> pd.DataFrame:
        """Cohen's kappa: agreement beyond chance; 1 full, 0 as by chance.

        NaN where one of the two says the same of everybody: such a rule cannot show agreement.
        """
        return self._matrix(_kappa)

    def summary(self) -> str:
        """Return the counts, the best and the worst pair in words."""
        counts, n = self.counts, len(self.verdicts)
        words = [
            f"{n} patients on day {number(self.day)}.",
            "Positive: "
            + listing(f"{row['title']} {row['yes']}" for _, row in counts.iterrows())
            + ".",
        ]
        undecided = counts[counts["cannot be decided"] > 0]
        if len(undecided):
            words.append(
                "Cannot be decided: "
                + listing(
                    f"{row['title']} {row['cannot be decided']}" for _, row in undecided.iterrows()
                )
                + "."
            )
        names = list(self.verdicts)
        kappa = {
            (a, b): self.kappa.loc[a, b]
            for a, b in combinations(names, 2)
            if not np.isnan(self.kappa.loc[a, b])
        }
        if kappa:
            for how, pick in (("most", max), ("least", min))[: len(kappa)]:
                a, b = pick(kappa, key=kappa.get)
                same = percent(self.percent.loc[a, b] / 100, 3)
                words.append(
                    f"Beyond chance, {counts.loc[a, 'title']} and {counts.loc[b, 'title']} agree "
                    f"{how}: kappa {kappa[a, b]:.2f}, the same in {same} of "
                    f"{self.decided.loc[a, b]}."
                )
        else:
            words.append("No two rule sets both decide and vary, so there is no kappa.")
        if self.assumed:
            words.append(f"Assumed, not measured: {'; '.join(map(in_sentence, self.assumed))}.")
        return " ".join(words)

    def __repr__(self) -> str:
        return f"<Agreement: {self.summary()}>"

    def _repr_html_(self) -> str:
        from html import escape

        same = self.percent.map(lambda v: percent(v / 100), na_action="ignore")
        return (
            f"<p>{escape(self.summary())}</p>{self.counts.to_html(border=0)}"
            f"<p>Agreement</p>{same.to_html(border=0, na_rep='–')}"
            f"<p>Cohen's kappa</p>{self.kappa.round(2).to_html(border=0, na_rep='–')}"
        )


def _kappa(a: np.ndarray, b: np.ndarray) -> float:
    # statsmodels has this formula, too (a test compares them), but takes seconds to import
    if not len(a) or a.min() == a.max() or b.min() == b.max():
        return np.nan
    by_chance = a.mean() * b.mean() + (1 - a.mean()) * (1 - b.mean())
    return float(((a == b).mean() - by_chance) / (1 - by_chance))


def agreement(
    cohort: Cohort | Population,
    day: float,
    *,
    assume: Mapping[str, object] | str | None = None,
    limits: Mapping[str, float] | None = None,
    noisy: bool = False,
    seed: int = 0,
) -> Agreement:
    """Apply all six rule sets to every patient of a cohort and compare them.

    Parameters
    ----------
    cohort : Cohort or Population
        With all readouts (the default of `run`); one that was not kept counts as not measured. A
        population is run first; to ask for several days, run it once and give the cohort.
    day : float
        Days since symptom onset, rounded to a whole day.
    assume : mapping, "normal" or "inpatient", optional
        For what the model does not make, such as temperature: one value for everybody, or an
        array or Series with one for each patient, in the order of the cohort.
    limits : mapping of str to float, optional
        Laboratory limits of normal, as for `decide`.
    noisy : bool
        As a laboratory would report it; noise-free by default.
    seed : int
        Seed of the noise.

    Returns
    -------
    Agreement
        ``percent``, ``kappa``, ``decided``, ``counts``, ``verdicts``, ``summary()``.
    """
    import pandas as pd

    if hasattr(cohort, "traits") and hasattr(cohort, "run"):
        cohort = cohort.run(progress=False)
    if not hasattr(cohort, "traits") or not hasattr(cohort, "at"):
        raise ValueError(
            "agreement needs a population or a cohort: "
            "cl.criteria.agreement(cl.population(200).run(), day=9)."
        )
    n = len(cohort)
    data = cohort_data(cohort, day, noisy=noisy, seed=seed)
    extra = {s: v for s, v in assumed_for(assume, n).items() if s not in data}
    data.update({s: np.broadcast_to(v, (n,)) for s, v in extra.items()})
    data.update(derive(data))
    verdicts = {name: evaluate(name, data, n, limits).verdict for name in rule_sets()}
    words = tuple(
        say(s, v) if np.ndim(v) == 0 else f"{readouts()[s]['name']} (own value for each patient)"
        for s, v in extra.items()
    )
    return Agreement(pd.DataFrame(verdicts, index=cohort.traits.index), float(day), words)
