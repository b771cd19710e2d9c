"""Ways to find the numbers of assignment 1, as a student may write them.

Each text runs where its question is asked: after the cells that are handed out and the worked
cells of the questions before it. It leaves the answer under the question's name.
"""

METHODS = {
    "q1": [
        'q1 = mine.run()["lesion"].idxmax()',
        'lesion = mine.run()["lesion"]\nq1 = lesion[lesion == lesion.max()].index[0]',
        """
import numpy as np

course = mine.run()
q1 = course.time[np.argmax(course["lesion"].to_numpy())]
""",
        """
worst, q1 = -1, None
for day, size in mine.run()["lesion"].items():
    if size > worst:
        worst, q1 = size, day
""",
        'q1 = mine.run()["lesion"].sort_values().index[-1:]',
    ],
    "q2": [
        'q2 = 10 ** (course["viral_load_lung"].max() - ana["viral_load_lung"].max())',
        """
mine_peak, her_peak = (10 ** c["viral_load_lung"].max() for c in (course, ana))
q2 = mine_peak / her_peak
""",
        """
import math

gap = max(course["viral_load_lung"]) - max(ana["viral_load_lung"])
q2 = math.exp(math.log(10) * gap)
""",
        'q2 = (10 ** course["viral_load_lung"]).max() / (10 ** ana["viral_load_lung"]).max()',
    ],
    "q3": [
        """
shares = {}
for day in range(9):
    run = mine.treat(cl.treatment("ifn_beta_1a", day=day)).run()
    shares[day] = run["lesion"].max() / course["lesion"].max()
q3 = max(day for day, share in shares.items() if share <= limit / 100)
""",
        """
q3 = 8
while True:
    run = mine.treat(cl.treatment("ifn_beta_1a", day=q3)).run()
    if 100 * run["lesion"].max() <= limit * course["lesion"].max():
        break
    q3 -= 1
""",
        """
import pandas as pd

peaks = pd.Series(
    {d: mine.treat(cl.treatment("ifn_beta_1a", day=d)).run()["lesion"].max() for d in range(9)}
)
q3 = str(peaks[100 * peaks / course["lesion"].max() <= limit].index.max())
""",
    ],
    "q4": [
        'q4 = course["ifn"][blood_day] / ana["ifn"][blood_day]',
        """
import numpy as np

q4 = np.interp(blood_day, course.time, course["ifn"]) / np.interp(blood_day, ana.time, ana["ifn"])
""",
        """
both = [c["ifn"] for c in (course, ana)]
row = list(both[0].index).index(blood_day)
q4 = both[0].iloc[row] / both[1].iloc[row]
""",
        'q4 = round((course["ifn"] / ana["ifn"]).loc[blood_day], 3)',
    ],
    "q6": [
        """
alone = mine.run()["lesion"].max()
q6 = (alone - treated["lesion"].max()) / alone * 100
""",
        """
control = mine.run()
q6 = 100 * (1 - treated["lesion"].max() / control["lesion"].max())
""",
        """
pair = cl.compare(mine.run(), mine.treat(cl.treatment("ifn_beta_1a", day=start)).run())
before, after = (run["lesion"].max() for run in pair.courses)
q6 = 100 - 100 * after / before
""",
    ],
}
