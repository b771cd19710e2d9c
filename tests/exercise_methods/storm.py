"""Ways to find the numbers of assignment 3, as a student may write them.

Each text runs where its question is asked: after the cells that are handed out and the worked
cells of the questions before it. It leaves the answer under the question's name.
"""

METHODS = {
    "q1": [
        """
course = mine.run()
q1 = course["ferritin"].idxmax() - course["viral_load_lung"].idxmax()
""",
        """
course = mine.run()
q1 = 0.1 * (course["ferritin"].argmax() - course["viral_load_lung"].argmax())
""",
        """
tops = mine.run().frame[["viral_load_lung", "ferritin"]].idxmax()
q1 = tops["ferritin"] - tops["viral_load_lung"]
""",
        """
ran = mine.run()
virus, ferritin = ran["viral_load_lung"], ran["ferritin"]
q1 = ferritin.index[ferritin == max(ferritin)] - virus.index[virus == max(virus)]
""",
    ],
    "q2": [
        """
tops = [mine.but(mas_gain=gain).run()["il1b_tissue"].max() for gain in gains]
q2 = np.polyfit(np.log10(gains), np.log10(tops), 1)[0]
""",
        """
from scipy.stats import linregress

tops = []
for gain in gains:
    tops.append(max(mine.but(mas_gain=gain).run()["il1b_tissue"]))
q2 = linregress(np.log(gains), np.log(tops)).slope
""",
        """
tops = np.array([mine.but(mas_gain=g).run()["il1b_tissue"].max() for g in gains])
x, y = np.log2(gains), np.log2(tops)
q2 = ((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum()
""",
        """
tops = [mine.but(mas_gain=g).run()["il1b_tissue"].max() for g in gains]
q2 = np.cov(np.log(gains), np.log(tops))[0, 1] / np.var(np.log(gains), ddof=1)
""",
    ],
    "q3": [
        """
top = {}
for day in range(15):
    top[day] = mine.treat(cl.treatment("anakinra", day=day)).run()["lesion"].max()
q3 = max(day for day in top if top[day] <= limit / 100 * course["lesion"].max())
""",
        """
q3 = 14
while True:
    treated_run = mine.treat(cl.treatment("anakinra", day=q3)).run()
    if 100 * max(treated_run["lesion"]) / max(course["lesion"]) <= limit:
        break
    q3 -= 1
""",
        """
import pandas as pd

runs = {d: mine.treat(cl.treatment("anakinra", day=d)).run() for d in range(15)}
share = pd.Series({d: r["lesion"].max() for d, r in runs.items()}) / course["lesion"].max()
q3 = share[share <= limit / 100].index.max()
""",
        """
days = np.arange(15)
worst = [mine.treat(cl.treatment("anakinra", day=int(d))).run()["lesion"].max() for d in days]
in_time = np.array(worst) / mine.run()["lesion"].max() * 100 <= limit
q3 = days[in_time][-1]
""",
    ],
    "q4": [
        """
verdict = cl.criteria.classify(course.labs(panel_day), assume="inpatient")["verdict"]
q4 = list(verdict[verdict == True].index)
""",
        """
panel = mine.run().labs(panel_day)
q4 = []
for name in ["crs_risk", "hscore", "immune_class", "temple", "chis", "save_more"]:
    if getattr(cl.criteria, name)(panel, assume="inpatient").verdict:
        q4.append(name)
""",
        """
table = cl.criteria.classify(course.labs(panel_day), assume="inpatient")
q4 = set(table.index[table["points"] >= table["cutoff"]])
""",
    ],
    "q6": [
        """
drug = mine.treat(cl.treatment("anakinra", day=start)).run()["lesion"].max()
q6 = 100 * (control["lesion"].max() - drug) / control["lesion"].max()
""",
        """
treated_run = mine.treat(cl.treatment("anakinra", day=start)).run()
q6 = 100 - 100 * max(treated_run["lesion"]) / max(mine.run()["lesion"])
""",
        """
pair = cl.compare(mine.run(), mine.treat(cl.treatment("anakinra", day=start)).run())
before, after = (np.max(run.values("lesion")) for run in pair.courses)
q6 = round((1 - after / before) * 100, 1)
""",
    ],
    "q7": [
        "q7 = 1 / (without[high].mean() - with_drug[high].mean())",
        """
spared = (without - with_drug)[high]
q7 = len(spared) / spared.sum()
""",
        """
import pandas as pd

table = pd.DataFrame({"a": without, "b": with_drug, "high": high}).groupby("high").mean()
q7 = 1 / (table.loc[True, "a"] - table.loc[True, "b"])
""",
        """
chosen = np.argsort(ferritin)[len(ferritin) // 2 :]
deaths = sum(without[i] for i in chosen), sum(with_drug[i] for i in chosen)
q7 = round(len(chosen) / (deaths[0] - deaths[1]), 1)
""",
    ],
}
