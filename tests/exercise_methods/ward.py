"""Ways to find the numbers of assignment 6, as a student may write them.

Each text runs where its question is asked: after the cells that are handed out and the worked
cells of the questions before it. It leaves the answer under the question's name.
"""

METHODS = {
    "q1": [
        """
q1 = 0
for bed in range(1, 9):
    q1 += outlook(people[bed]).death * 100
""",
        """
import pandas as pd

q1 = pd.Series({bed: outlook(person).death for bed, person in people.items()}).mul(100).sum()
""",
        """
import numpy as np

q1 = 800 * np.mean([outlook(person).death for person in people.values()])
""",
        "q1 = f'{100 * sum(outlook(p).death for p in people.values()):.1f}'",
    ],
    "q2": [
        """
base = outlook(mine).death
q2 = next(d for d in range(13) if outlook(mine, (Order("dexamethasone", d),)).death < base)
""",
        """
q2 = 12
while outlook(mine, (Order("dexamethasone", q2 - 1),)).death < outlook(mine).death:
    q2 -= 1
""",
        """
import numpy as np

risks = np.array([outlook(mine, (Order("dexamethasone", d),)).death for d in range(13)])
q2 = np.argmax(risks - outlook(mine).death < 0)
""",
        """
helpful = {d for d in range(13)
           if 100 * outlook(mine, (Order("dexamethasone", d),)).death
           < 100 * outlook(mine).death}
q2 = float(min(helpful))
""",
    ],
    "q3": [
        """
lowest = 1
for name in ["remdesivir", "baricitinib", "canakinumab", "tocilizumab", "dexamethasone"]:
    for day in mine.days:
        risk = outlook(mine, (Order(name, day),)).death
        if risk < lowest:
            lowest, q3 = risk, name
""",
        """
import pandas as pd

names = ["dexamethasone", "tocilizumab", "canakinumab", "baricitinib", "remdesivir"]
table = pd.DataFrame(
    {n: [outlook(mine, (Order(n, d),)).death for d in mine.days] for n in names}, index=mine.days
)
q3 = table.min().idxmin()
""",
        """
def lowest_risk(name):
    return min(outlook(mine, (Order(name, day, 1.0),)).death for day in mine.days)

q3 = min(
    ["dexamethasone", "tocilizumab", "canakinumab", "baricitinib", "remdesivir"], key=lowest_risk
).upper()
""",
    ],
    "q5": [
        """
late = outlook(mine, (Order(late_drug, mine.arrival + wait),))
q5 = (outlook(mine).death - late.death) * 100
""",
        """
given_late = mine
q5 = round(100 * (without - outlook(given_late, (Order(late_drug, start),)).death), 2)
""",
        """
alive = {plan: 1 - outlook(mine, plan).death for plan in ((), (Order(late_drug, day=start),))}
before, after = alive.values()
q5 = 100 * after - 100 * before
""",
    ],
    "q6": [
        """
q6 = []
for bed in people:
    arrival = people[bed].arrival
    if outlook(people[bed], (Order(drug, arrival),)).death - outlook(people[bed]).death > 0.002:
        q6.append(f"bed_{bed}")
""",
        """
q6 = {
    f"bed_{p.bed}"
    for p in people.values()
    if outlook(p, (Order(drug, p.days[0]),)).death > outlook(p).death + 0.002
}
""",
        """
import pandas as pd

change = pd.Series(
    {f"bed_{b}": outlook(p, (Order(drug, p.arrival),)).death - outlook(p).death
     for b, p in people.items()}
)
q6 = ", ".join(change[100 * change > 0.2].index)
""",
    ],
    "q7": [
        """
import statistics

needy = [p for p in people.values() if oxygen(p, p.arrival) != "no oxygen"]
plain = statistics.mean(outlook(p).death for p in needy)
treated = statistics.mean(outlook(p, (Order(drug, p.arrival),)).death for p in needy)
q7 = per_arm(plain, treated)
""",
        """
import math

import numpy as np

rows = [
    (outlook(p).death, outlook(p, (Order(drug, p.arrival),)).death)
    for p in people.values()
    if "no" not in oxygen(p, p.arrival).split()
]
q7 = math.ceil(per_arm(*np.mean(rows, axis=0)))
""",
        """
a, b, n = 0, 0, 0
for bed in range(1, 9):
    if oxygen(people[bed], people[bed].arrival) == "no oxygen":
        continue
    a += outlook(people[bed]).death
    b += outlook(people[bed], (Order(drug, people[bed].arrival),)).death
    n += 1
a, b = a / n, b / n
q7 = (1.96 + 0.8416) ** 2 * (a * (1 - a) + b * (1 - b)) / (a - b) ** 2
""",
    ],
}
