"""Other valid ways to the answers of assignment 5; each must get full points."""

METHODS: dict[str, list[str]] = {
    "q1": [
        """
def taken(regimen):
    dose = cl.treatment("tocilizumab", day=start, regimen=regimen)
    high = mine.treat(dose).run()["il6r_occupancy"].ge(0.9)
    return high[high].index[-1] - high[high].index[0]
q1 = taken("two_doses") - taken("single")
""",
        """
twice = [cl.treatment("tocilizumab", day=day, regimen="single") for day in (start, start + 0.5)]
import warnings
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # two treatments with one drug are unusual
    runs = [mine.treat(twice[:k]).run().values("il6r_occupancy") for k in (1, 2)]
q1 = 0.1 * (sum(runs[1] >= 0.9) - sum(runs[0] >= 0.9))
""",
        """
ends = []
for doses in (1, 2):
    dose = cl.treatment("tocilizumab", day=start, doses=doses, every=0.5)
    occupancy = mine.treat(dose).run()["il6r_occupancy"].loc[start + 1:]
    ends.append(occupancy[occupancy < 0.9].index[0])
q1 = ends[1] - ends[0]
""",
    ],
    "q2": [
        """
drug = cl.treatment(lever, day=start)
effect = lambda person: 100 * burden(person.treat(drug)) / burden(person)
q2 = {
    name
    for name, (low, high) in extremes.items()
    if abs(effect(mine.but(**{name: high})) - effect(mine.but(**{name: low}))) >= 10
}
""",
        """
import pandas as pd

drug, rows = cl.treatment(lever, day=start), []
for name, values in extremes.items():
    for value in values:
        person = mine.but(**{name: value})
        rows.append((name, burden(person.treat(drug)) / burden(person)))
left = pd.DataFrame(rows, columns=["trait", "left"]).groupby("trait")["left"]
spread = left.max() - left.min()
q2 = list(spread.index[spread >= 0.1])
""",
        """
q2, drug = "", cl.treatment(lever, day=start)
for name, (low, high) in extremes.items():
    few, many = mine.but(**{name: low}), mine.but(**{name: high})
    lowered = [1 - burden(one.treat(drug)) / burden(one) for one in (few, many)]
    q2 += f"{name}, " if max(lowered) - min(lowered) >= 0.10 else ""
""",
    ],
    "q3": [
        """
q3 = 5
while burden(mine.treat(cl.treatment("dexamethasone", day=q3))) >= burden(
    mine.treat(cl.treatment("remdesivir", day=q3))
):
    q3 += 1
""",
        """
import pandas as pd

left = pd.DataFrame({
    drug: {day: burden(mine.treat(cl.treatment(drug, day=day))) for day in range(5, 15)}
    for drug in ("remdesivir", "dexamethasone")
})
q3 = (left["dexamethasone"] < left["remdesivir"]).idxmax()
""",
        """
def areas(day):
    runs = (mine.treat(cl.treatment(d, day=day)).run() for d in ("remdesivir", "dexamethasone"))
    return [run.table("lesion").loc["lesion", "auc"] for run in runs]
q3 = next(day for day in range(5, 15) if areas(day)[1] < areas(day)[0])
""",
    ],
    "q4": [
        """
both = mine.treat(cl.treatment("dexamethasone", day=start), cl.treatment("tocilizumab", day=start))
alone = mine.treat(cl.treatment("dexamethasone", day=start))
q4 = (burden(alone) - burden(both)) / burden(alone) * 100
""",
        """
steroid = mine.treat(cl.treatment("dexamethasone", day=start))
runs = cl.compare(steroid, steroid.treat(tocilizumab)).courses
without, with_drug = (run.table("lesion").loc["lesion", "auc"] for run in runs)
q4 = 100 - 100 * with_drug / without
""",
        """
import numpy as np

areas = []
for given in ([], [tocilizumab]):
    run = mine.treat(cl.treatment("dexamethasone", day=start), *given).run()
    areas.append(np.trapezoid(run["lesion"], run.time))
q4 = -100 * (areas[1] / areas[0] - 1)
""",
    ],
    "q6": [
        """
pooled = antibody_trials.pool("risk ratio", "random", shared_controls="split")
q6 = 1000 * (risk(mine) - risk(mine) * pooled.estimate)
""",
        """
import numpy as np

pooled = antibody_trials.pool("risk ratio", shared_controls="split")
ratio = np.exp(np.average(pooled.rows["log_effect"], weights=pooled.weights))
q6 = 1000 * risk(mine) - 1000 * risk(mine) * ratio
""",
        """
import numpy as np

pooled = antibody_trials.pool("risk ratio", shared_controls="split").rows
weight = 1 / pooled["se"] ** 2  # these trials agree: no variance between them
ratio = np.exp((weight * pooled["log_effect"]).sum() / weight.sum())
q6 = 1000 * risk(mine) * (1 - ratio)
""",
    ],
    "q7": [
        """
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import proportion_effectsize

size = proportion_effectsize(*truth.risks)
q7 = 2 * NormalIndPower().solve_power(size, alpha=0.05, power=0.8)
""",
        """
from statsmodels.stats.power import zt_ind_solve_power
from statsmodels.stats.proportion import proportion_effectsize

size = abs(proportion_effectsize(*truth.risks))
q7 = 2 * round(zt_ind_solve_power(size, alpha=0.05, power=0.8, alternative="two-sided"))
""",
        """
from scipy.stats import norm

(p0, p1), z = truth.risks, norm.ppf(0.975) + norm.ppf(0.8)
mean = (p0 + p1) / 2
q7 = 2 * 2 * mean * (1 - mean) * (z / (p0 - p1)) ** 2
""",
        """
from scipy.stats import norm

p0, p1 = truth.risks
def power(total):
    error = ((p0 * (1 - p0) + p1 * (1 - p1)) / (total / 2)) ** 0.5
    return norm.cdf(abs(p1 - p0) / error - norm.ppf(0.975))
q7 = next(n for n in range(100, 100_000, 20) if power(n) >= 0.8)
""",
    ],
}
