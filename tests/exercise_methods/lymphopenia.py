"""Ways to find the numbers of assignment 2, as a student may write them.

Each text runs where its question is asked: after the cells that are handed out and the worked
cells of the questions before it. It leaves the answer under the question's name.
"""

METHODS = {
    "q1": [
        'q1 = 100 * (1 - mine.run()["alc"].min() / mine.run()["alc"].iloc[0])',
        """
counts = mine.run()["alc"].to_numpy()
q1 = (counts[0] - counts.min()) / counts[0] * 100
""",
        """
course = mine.run()
q1 = -((course["alc"] / course["alc"].loc[-5] - 1) * 100).min()
""",
        """
q1 = round(float(100 - 100 * min(mine.run()["alc"]) / list(mine.run()["alc"])[0]), 1)
""",
    ],
    "q2": [
        """
in_tissue = away * all_cells
in_blood = all_cells - in_tissue
q2 = 100 * in_tissue.loc[blood_day] / (in_blood.iloc[0] - in_blood.loc[blood_day])
""",
        """
gone = all_cells.iloc[0] - all_cells.loc[blood_day]
moved = away.loc[blood_day] * all_cells.loc[blood_day]
q2 = 100 * moved / (moved + gone)
""",
        """
blood = course["lymphocytes_circulating"]
lost = (all_cells.iloc[0] - all_cells)[blood_day]
q2 = 100 - 100 * lost / (blood.iloc[0] - blood.loc[blood_day])
""",
        """
import pandas as pd

table = pd.DataFrame({"all": all_cells, "away": away})
row = table.loc[float(blood_day)]
tissue = row["all"] * row["away"]
q2 = tissue / (table["all"].iloc[0] - row["all"] + tissue) * 100
""",
    ],
    "q3": [
        """
wanted, low, high = course["alc"].min(), 0.103, 0.93
while high - low > 0.001:
    middle = (low + high) / 2
    lowest = mine.but(homing_max=0.1, lymphocyte_death=middle).run()["alc"].min()
    low, high = (middle, high) if lowest > wanted else (low, middle)
q3 = (low + high) / 2
""",
        """
rates = np.linspace(0.103, 0.93, 30)
lows = [mine.but(homing_max=0.1, lymphocyte_death=r).run()["alc"].min() for r in rates]
q3 = np.interp(-course["alc"].min(), -np.array(lows), rates)
""",
        """
def off(rate):
    twin = mine.but(homing_max=0.1, lymphocyte_death=float(rate)).run()
    return abs(twin["alc"].min() - course["alc"].min())

q3 = min(np.arange(0.11, 0.93, 0.01), key=off)
""",
        """
from scipy.optimize import minimize_scalar

def square(rate):
    twin = mine.but(homing_max=0.1, lymphocyte_death=rate).run()
    return (twin["alc"].min() - course["alc"].min()) ** 2

q3 = minimize_scalar(square, bounds=(0.103, 0.93), method="bounded").x
""",
    ],
    "q4": [
        """
twin_run = mine.but(homing_max=0.1, lymphocyte_death=q3).run()
top = {n: (course[n].loc[:20].max(), twin_run[n].loc[:20].max()) for n in names}
q4 = [n for n, (own, other) in top.items() if abs(other - own) > 0.15 * own]
""",
        """
other = mine.but(homing_max=0.1, lymphocyte_death=q3).run()
q4 = set()
for n in names:
    ratio = max(other[n][other[n].index <= 20]) / max(course[n][course[n].index <= 20])
    if ratio < 0.85 or ratio > 1.15:
        q4.add(n)
""",
        """
twin_run = mine.but(homing_max=0.1, lymphocyte_death=round(q3, 2)).run()
q4 = ", ".join(
    n for n in names if not 0.85 < twin_run[n].loc[:20].max() / course[n].loc[:20].max() < 1.15
)
""",
    ],
    "q6": [
        """
from scipy.stats import linregress

gap_of_count = (course["alc"].iloc[0] - course["alc"]).loc[24:40]
q6 = -np.log(2) / linregress(gap_of_count.index, np.log(gap_of_count)).slope
""",
        """
gap_of_count = (course["alc"].iloc[0] - course["alc"]).loc[24:40]
q6 = -1 / np.polyfit(gap_of_count.index, np.log2(gap_of_count), 1)[0]
""",
        """
gap_of_count = (course["alc"].iloc[0] - course["alc"]).loc[24:40]
days = np.column_stack([gap_of_count.index, np.ones(len(gap_of_count))])
(slope, _), *_ = np.linalg.lstsq(days, np.log10(gap_of_count), rcond=None)
q6 = np.log10(0.5) / slope
""",
        """
gap_of_count = (course["alc"].iloc[0] - course["alc"]).loc[24:40:10]
q6 = np.log(2) / -np.polyfit(gap_of_count.index, np.log(gap_of_count), 1)[0]
""",
    ],
    "q7": [
        """
q7 = 100 * (treated.loc[start + 7] / control.loc[start + 7] - 1)
""",
        """
with_drug = mine.treat(cl.treatment("il7", day=start)).run()
without = mine.run()
q7 = ((with_drug["killing"] - without["killing"]) / without["killing"] * 100)[start + 7]
""",
        """
day = float(start) + 7
q7 = (np.interp(day, treated.index, treated) / np.interp(day, control.index, control) - 1) * 100
""",
        """
row = list(control.index).index(start + 7)
q7 = 100 * treated.iloc[row] / control.iloc[row] - 100
""",
    ],
    "q8": [
        """
p, q = risk, risk * (1 - reduction / 100)
q8 = (1.96 + 0.84) ** 2 * (p * (1 - p) + q * (1 - q)) / (p - q) ** 2
""",
        """
import math
from statistics import NormalDist

z = NormalDist().inv_cdf(0.975) + NormalDist().inv_cdf(0.80)
p = float(risk)
q = p - p * reduction / 100
q8 = math.ceil(z**2 * (p * (1 - p) + q * (1 - q)) / (p - q) ** 2)
""",
        """
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import proportion_effectsize

size = proportion_effectsize(risk, risk * (1 - reduction / 100))
q8 = NormalIndPower().solve_power(size, power=0.8, alpha=0.05, alternative="two-sided")
""",
        """
def power(n, p=risk, q=risk * (1 - reduction / 100)):
    from scipy.stats import norm

    return norm.cdf((p - q) / np.sqrt((p * (1 - p) + q * (1 - q)) / n) - 1.96)

q8 = next(n for n in range(100, 20_000, 5) if power(n) >= 0.8)
""",
    ],
}
