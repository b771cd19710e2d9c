"""Other valid ways to the answers of assignment 4; each must get full points."""

METHODS: dict[str, list[str]] = {
    "q1": [
        "q1 = mine.run().table('plasmablasts').loc['plasmablasts', 'day']",
        """
cells = mine.run()["plasmablasts"]
q1 = cells[cells == cells.max()].index[0]
""",
        """
run = mine.run()
q1 = run.time[np.argmax(run.values("plasmablasts"))]
""",
        "q1 = mine.run().frame.sort_values('plasmablasts').index[-1]",
    ],
    "q2": [
        "q2 = 100 * weak * course['antibody_ef'].loc[sample_day] / course['nab'].loc[sample_day]",
        """
shares = 100 * weak * course["antibody_ef"] / course["nab"]
q2 = np.interp(sample_day, shares.index, shares)
""",
        """
trained = course["affinity"] * course["antibody_gc"]
q2 = (100 * (1 - trained / course["nab"]))[sample_day]
""",
        """
row = int(round((sample_day - course.time[0]) / 0.1))
fast, trained = weak * course.values("antibody_ef")[row], course.values("antibody_gc")[row]
q2 = 100 * fast / (fast + course.values("affinity")[row] * trained)
""",
    ],
    "q3": [
        """
own = mine.run(days=100)["auto_ab"]
q3 = 40 * np.log(2) / np.log(own.loc[60] / own.loc[100])
""",
        """
own = mine.run(days=120)["auto_ab"].loc[70:]
q3 = (own.index[own <= own.iloc[0] / 2][0]) - 70
""",
        """
from scipy.optimize import curve_fit

own = mine.run(days=100)["auto_ab"].loc[65:]
(_, q3), _ = curve_fit(lambda t, a, half: a * 0.5 ** (t / half), own.index - 65, own, (5, 10))
""",
        """
own = mine.run(days=100)["auto_ab"].loc[50:]
q3 = -np.log10(2) / np.polyfit(own.index, np.log10(own), 1)[0]
""",
        """
from scipy.stats import linregress

own = mine.run(days=90)["auto_ab"].loc[60:]
q3 = -1 / linregress(own.index, np.log2(own)).slope
""",
    ],
    "q4": [
        """
now = mine.run()["lesion"].max()
then = {name: mine.but(**change).run()["lesion"].max() for name, change in changes.items()}
q4 = {name for name, peak in then.items() if peak <= (1 - limit / 100) * now}
""",
        """
runs = cl.compare(course, *(mine.but(**change).run() for change in changes.values()))
peaks = [run.table("lesion").loc["lesion", "value"] for run in runs.courses]
q4 = [name for name, peak in zip(changes, peaks[1:]) if 100 * (1 - peak / peaks[0]) >= limit]
""",
        """
q4 = ""
for name in changes:
    smaller = course["lesion"].max() - mine.but(**changes[name]).run()["lesion"].max()
    q4 += f"{name}, " if 100 * smaller / course["lesion"].max() >= limit else ""
""",
    ],
    "q5": [
        """
from scipy.optimize import brentq

closed = mine.but(ef_bias=0).run()["lesion"].max()
q5 = brentq(lambda x: mine.but(self_reactivity=x).run()["lesion"].max() - closed, 0, 1, xtol=1e-3)
""",
        """
closed = mine.but(ef_bias=0).run()["lesion"].max()
low, high = 0.0, 1.0
while high - low > 0.01:
    middle = (low + high) / 2
    open_peak = mine.but(self_reactivity=middle).run()["lesion"].max()
    low, high = (middle, high) if open_peak < closed else (low, middle)
q5 = (low + high) / 2
""",
        """
closed = mine.but(ef_bias=0).run()["lesion"].max()
xs = np.linspace(0.05, 1, 20)
peaks = [mine.but(self_reactivity=x).run()["lesion"].max() for x in xs]
q5 = np.interp(closed, peaks, xs)
""",
    ],
    "q7": [
        """
plasma = cl.treatment("convalescent_plasma", day=plasma_day)
untreated, treated = (p.run()["lesion"].max() for p in (mine, mine.treat(plasma)))
q7 = treated - untreated
""",
        """
plasma = cl.treatment("convalescent_plasma", day=plasma_day, regimen="two_units")
both = cl.compare(mine, mine.treat(plasma))
q7 = float(np.diff([run.table("lesion").loc["lesion", "value"] for run in both.courses])[0])
""",
        """
days = (plasma_day, plasma_day + 1)
units = [cl.treatment("convalescent_plasma", day=day, regimen="one_unit") for day in days]
q7 = mine.treat(*units).run().frame["lesion"].max() - mine.run().frame["lesion"].max()
""",
    ],
}
