# Assignment of lesson 2. Built into exercises/ and solutions/ by `cytolearn build lymphopenia`.
# A cell opens with "# %% [markdown] part name"; parts: cytolearn/lessons/exercises.py.
# {{ words }} come from exercise.toml. "stub" cells are handed out, "worked" and "why" never.

# %% [markdown] text title
# # Assignment {{ number }} · {{ title }}
#
# Belongs to lesson {{ number }}, *{{ lesson }}*. **About {{ minutes }} minutes, {{ points }} points.** Each check answers at once, with a reason and three hints that open one after the other. You may try as often as you like; what counts is what stands here when you hand the notebook in.
#
# Teaching model (2020 wild-type virus, nobody vaccinated), not for clinical use.

# %% [markdown] text patient
# ## Your patient
#
# {{ story }}
#
# Put the code that your instructor gave you between the quotes. Without a code you get the public practice patient, which earns no points in a course.

# %% code setup
import numpy as np

import cytolearn as cl
from cytolearn.grading import assignment

code = ""  # your code, such as "4te5ksjz"
work = assignment("lymphopenia", code)
work

# %% code people
mine = work.patient
blood_day, start = work.given["blood_day"], work.given["start"]
reduction = work.given["reduction"]

# %% [markdown] text q1-text
# ## {{ q1.title }}
#
# {{ q1.prompt }}

# %% stub q1
course = mine.run()
q1 = ...  # percent
course.plot("alc", "lesion")

# %% [markdown] why q1-why
# The course begins with the infection, when the patient is still healthy: the first value is the person's own normal. The count then falls for two weeks. Part of the fall is over before the first symptom: interferon, the alarm against viruses, also calls lymphocytes out of the blood.

# %% worked q1-worked
course = mine.run()
count = course["alc"]
q1 = 100 * (1 - count.min() / count.iloc[0])

# %% check q1-check
work.check("q1", q1)

# %% [markdown] text q2-text
# ## {{ q2.title }}
#
# {{ q2.prompt }}

# %% code q2-cells
pools = ["cd4_pool", "cd8_pool", "nk_pool", "b_pool"]
all_cells = sum(mine.run()[pool] for pool in pools)  # 10^9 for each litre of blood
away = mine.run()["sequestered"]  # share of them outside the blood

# %% stub q2
q2 = ...  # percent of the missing cells

# %% [markdown] why q2-why
# What the blood has lost is the sum of two losses. Cells in tissue are alive and can come back; cells that died have to be made again. Dividing the first by the sum tells them apart, and for that one has to look into the tissue. In people it takes samples of lung and lymph nodes, mostly of those who died, and they show both.

# %% worked q2-worked
now, outside = all_cells.loc[blood_day], away.loc[blood_day]
missing_from_blood = all_cells.iloc[0] - (1 - outside) * now
q2 = 100 * outside * now / missing_from_blood

# %% check q2-check
work.check("q2", q2)

# %% [markdown] text q3-text
# ## {{ q3.title }}
#
# {{ q3.prompt }}

# %% stub q3
for death in [0.2, 0.4]:  # which values?
    twin = mine.but(homing_max=0.1, lymphocyte_death=death)
    print(death, twin.run()["alc"].min())
q3 = ...  # per day

# %% [markdown] why q3-why
# The lowest count falls steadily with the death rate, so there is one rate that fits. `brentq` narrows an interval until the difference of the two lowest counts is zero; a list of values that gets finer finds it as well. That a fit exists is the point: two quite different causes explain the same measurement, so the measurement cannot decide between them. Modellers call this *not identifiable*.

# %% worked q3-worked
from scipy.optimize import brentq


def gap(death):
    twin = mine.but(homing_max=0.1, lymphocyte_death=death)
    return twin.run()["alc"].min() - course["alc"].min()


q3 = brentq(gap, 0.103, 0.93, xtol=1e-4)

# %% check q3-check
work.check("q3", q3)

# %% [markdown] text q4-text
# ## {{ q4.title }}
#
# {{ q4.prompt }}

# %% code q4-names
names = ["crp", "d_dimer", "il7", "pd1", "killing", "lesion"]

# %% stub q4
q4 = ...  # a list such as ["crp", "lesion"]

# %% [markdown] why q4-why
# A second measurement can decide what the first could not, if the two causes push it apart. IL-7 is used up by T cells wherever they are, so it notices death and not moving. Killing power is what the cells can do; in the twin there are fewer of them to be called. PD-1 marks cells that meet antigen, and where killing is slow, antigen stays: here the marker rises **because** the function is low, not the other way round (in patients both are discussed). CRP and D-dimer report inflammation and clotting, which is much the same in both. The lesion is somewhat larger in the twin, whose virus is killed later; whether by more than 15% depends on the patient.

# %% worked q4-worked
twin_run = mine.but(homing_max=0.1, lymphocyte_death=q3).run()
q4 = []
for name in names:
    ratio = twin_run[name].loc[:20].max() / course[name].loc[:20].max()
    print(f"{name}: {ratio:.2f} times")
    q4 += [name] if abs(ratio - 1) > 0.15 else []

# %% check q4-check
work.check("q4", q4)

# %% [markdown] text q5-text
# ## {{ q5.title }}
#
# {{ q5.prompt }}

# %% code q5-figure
patient_x = work.show("mystery")
patient_x.plot("alc", "il7")

# %% stub q5
q5 = ...  # "moved", "died" or "steroid"

# %% [markdown] why q5-why
# Two features decide. **Timing**: inflammation has emptied the blood most by about day 10, while a steroid goes on doing so for as long as it is given. (In people it acts within hours, and a single dose wears off within a day; the cells of this model move more slowly.) **IL-7**: it is made at a steady rate, so its level counts its users. The lines below read both off the curves.

# %% worked q5-worked
x, ana = patient_x.courses
lowest_day = x["alc"].idxmin()
il7_ratio = x["il7"].max() / ana["il7"].max()
q5 = "steroid" if lowest_day > 14 else "died" if il7_ratio > 1.25 else "moved"

# %% check q5-check
work.check("q5", q5)

# %% [markdown] text q6-text
# ## {{ q6.title }}
#
# {{ q6.prompt }}

# %% stub q6
gap_of_count = course["alc"].iloc[0] - course["alc"]
q6 = ...  # days

# %% [markdown] why q6-why
# What shrinks by the same share each day falls on a straight line if its logarithm is drawn. The slope is that share; the time in which a half is gone is the natural logarithm of two, divided by it. One exponential describes these two weeks well, and only these: near the lowest point cells are still being lost. The half-life is a property of the whole patient, not of the marrow: the number that one fits belongs to the slowest step.

# %% worked q6-worked
gap_of_count = (course["alc"].iloc[0] - course["alc"]).loc[24:40]
slope, _ = np.polyfit(gap_of_count.index, np.log(gap_of_count), 1)
q6 = np.log(2) / -slope

# %% check q6-check
work.check("q6", q6)

# %% [markdown] text q7-text
# ## {{ q7.title }}
#
# {{ q7.prompt }}

# %% code q7-colleague
treated = mine.treat(cl.treatment("il7", day=start)).run()["killing"]
control = mine.run()["killing"]
# both after a week
raised = 100 * (treated.loc[start + 7] / control.loc[7] - 1)
print(f"The colleague says: raised by {raised:.1f} percent.")

# %% stub q7
q7 = ...  # what the colleague should have found

# %% [markdown] why q7-why
# Each patient's week must begin at the same point of the illness. Trials take care of it by starting every clock at randomisation; studies that compare "days since treatment" of some with "days since admission" of others do not, and find benefits that are nothing but time. Here killing power was on its way up in any case, as killer cells multiply in the second week.

# %% worked q7-worked
same_day = start + 7
q7 = 100 * (treated.loc[same_day] / control.loc[same_day] - 1)

# %% check q7-check
work.check("q7", q7)

# %% [markdown] text q8-text
# ## {{ q8.title }}
#
# {{ q8.prompt }}

# %% code q8-risk
hazard = mine.run()["infection_hazard"].loc[start : start + 28]  # chance per day
risk = 1 - np.exp(-28 * hazard.mean())
print(f"Risk of a hospital infection without the drug: {risk:.3f}")

# %% stub q8
q8 = ...  # patients in each arm

# %% [markdown] why q8-why
# The rarer the event and the smaller the difference, the more patients are needed; halving the difference takes four times as many. That is why trials like to look at counts: they move in everybody, so few patients are enough. The price is that a count can move without anything happening to the patient, and then a small trial has answered a question that nobody asked.

# %% worked q8-worked
p, q = risk, risk * (1 - reduction / 100)
q8 = (1.96 + 0.84) ** 2 * (p * (1 - p) + q * (1 - q)) / (p - q) ** 2

# %% check q8-check
work.check("q8", q8)

# %% [markdown] text q9-text
# ## {{ q9.title }}
#
# {{ q9.prompt }}
#
# Your instructor reads it with this rubric:
#
# {{ q9.rubric }}

# %% stub q9
q9 = """

"""

# %% [markdown] why q9-why
# There is no single right text; the one below is an example for the practice patient. It gives its advice first, then a reason and a number, and says what the model leaves open. (Published: in the randomised ILIAD-7 trial counts rose with IL-7 and with placebo, without a significant difference; infections in hospital were fewer with IL-7, as a secondary finding.)

# %% worked q9-worked
q9 = f"""I advise against it in this form. Who is treated at the lowest point can hardly do anything
but rise: in this virtual patient the gap in the count closes by half every {q6:.0f} days with no
drug at all, so a rise after two weeks will prove nothing. Nor does the count say what we need to
know. Of the cells that are missing from the blood on day {blood_day}, {q2:.0f} percent are alive in
tissue, and a week after the first dose killing power is only {q7:.0f} percent higher than it would
have been. Please make it a trial instead: decide by lot who gets the drug, and count infections,
not cells. The randomised trial in such patients saw no clear difference in counts and fewer
infections, which is promising and not yet proof. The model cannot tell you which germs the new cells would
recognise, nor what side effects the drug has, and it is known to raise counts too easily."""

# %% check q9-check
work.check("q9", q9)

# %% [markdown] text end
# ## Hand in
#
# Choose *Run ▸ Restart Kernel and Run All Cells* once more and see that every check still says what you expect. Save, then hand in this notebook under its own name. Nothing else is needed: the answers are computed again from your cells.
