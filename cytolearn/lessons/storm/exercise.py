# Assignment of lesson 3. Built into exercises/ and solutions/ by `cytolearn build storm`.
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
work = assignment("storm", code)
work

# %% code people
mine = work.patient
limit, start = work.given["limit"], work.given["start"]
panel_day = work.given["panel_day"]

# %% [markdown] text q1-text
# ## {{ q1.title }}
#
# {{ q1.prompt }}

# %% stub q1
course = mine.run()
q1 = ...  # days
course.plot("viral_load_lung", "il6", "ferritin", "lesion")

# %% [markdown] why q1-why
# Virus first, then the cells that it kills and the danger signals that they spill, then macrophages, then what macrophages release, and last the damage. Each step follows the one before by days. On the day of the highest ferritin it is natural to think that the illness is at its height; the virus has long passed it.

# %% worked q1-worked
course = mine.run()
q1 = course["ferritin"].idxmax() - course["viral_load_lung"].idxmax()

# %% check q1-check
work.check("q1", q1)

# %% [markdown] text q2-text
# ## {{ q2.title }}
#
# {{ q2.prompt }}

# %% code q2-gains
gains = [1, 1.5, 2, 3, 4, 5]

# %% stub q2
peaks = [mine.but(mas_gain=gain).run()["il1b_tissue"].max() for gain in gains]
print(np.round(peaks, 2))
q2 = ...  # the slope

# %% [markdown] why q2-why
# The gain multiplies all that the inflammasome does, so without feedback the peak would be proportional to it. But IL-1 that is heard makes the inflammasome work harder and calls more macrophages, which again make IL-1. Going round multiplies once more, and the power rises above one. It stays finite: brakes and the end of the virus stop the loop. This model has a steep slope here, and no switch.

# %% worked q2-worked
tissue = [mine.but(mas_gain=gain).run()["il1b_tissue"].max() for gain in gains]
q2, _ = np.polyfit(np.log(gains), np.log(tissue), 1)

# %% check q2-check
work.check("q2", q2)

# %% [markdown] text q3-text
# ## {{ q3.title }}
#
# {{ q3.prompt }}

# %% stub q3
for day in [3]:  # which days?
    treated = mine.treat(cl.treatment("anakinra", day=day)).run()
    left = ...  # percent of the untreated peak lesion
    print(day, left)
q3 = ...  # the last day in time

# %% [markdown] why q3-why
# Fifteen runs of the same person, which differ in nothing but the start day. The share that is left first falls a little, then rises towards 100%: the window has two ends. Too early, and the ten days are over before the loop is; too late, and the lung is hurt already. In a trial everybody starts on another day of the illness, so the average effect mixes all of these runs.

# %% worked q3-worked
in_time = []
for day in range(15):
    treated_run = mine.treat(cl.treatment("anakinra", day=day)).run()
    percent_left = 100 * treated_run["lesion"].max() / course["lesion"].max()
    print(f"Started on day {day}: {percent_left:.1f}% is left.")
    in_time += [day] if percent_left <= limit else []
q3 = max(in_time)

# %% check q3-check
work.check("q3", q3)

# %% [markdown] text q4-text
# ## {{ q4.title }}
#
# {{ q4.prompt }}

# %% stub q4
panel = course.labs(panel_day)
q4 = ...  # a list such as ["hscore", "temple"]

# %% [markdown] why q4-why
# The six were made for different diseases, on different patients, with different tests. Some ask for what a severe lung has in any case, and say yes early; the HScore was made for another disease and asks for fever, a large spleen and failing marrow, and stays silent. None of them was chosen because a drug helps those who fulfil it; only the suPAR rule has been used in that way, and it asks for a test that few hospitals do.

# %% worked q4-worked
table = cl.criteria.classify(course.labs(panel_day), assume="inpatient")
print(table["verdict"].to_string())
q4 = [name for name, verdict in table["verdict"].items() if verdict is True]

# %% check q4-check
work.check("q4", q4)

# %% [markdown] text q5-text
# ## {{ q5.title }}
#
# {{ q5.prompt }}

# %% code q5-figure
patient_y = work.show("mystery")
patient_y.plot("il6", "crp", "ferritin")

# %% stub q5
q5 = ...  # "tocilizumab", "anakinra" or "baricitinib"

# %% [markdown] why q5-why
# The chain has links: IL-1 is heard, IL-6 is made, IL-6 is heard, the signal runs through JAK kinases, CRP is made. A drug that cuts a link leaves what lies before it as it was and silences what lies behind. So the first readout that falls points to the link. (Baricitinib cuts the wires of other messengers, too.) The lines below compare day 10 with and without the drug.

# %% worked q5-worked
with_it, without_it = (run.at(10) for run in patient_y.courses)
il6_ratio, crp_ratio = with_it["il6"] / without_it["il6"], with_it["crp"] / without_it["crp"]
q5 = "tocilizumab" if il6_ratio > 1.5 else "baricitinib" if crp_ratio < 0.75 else "anakinra"

# %% check q5-check
work.check("q5", q5)

# %% [markdown] text q6-text
# ## {{ q6.title }}
#
# {{ q6.prompt }}

# %% code q6-colleague
blocked = mine.but(mas_gain=0).run()  # without the loop
control = mine.run()
lowered = 100 * (1 - blocked["lesion"].max() / control["lesion"].max())
print(f"The colleague says: lowered by {lowered:.1f} percent.")

# %% stub q6
q6 = ...  # what the colleague should have found

# %% [markdown] why q6-why
# The colleague answers a good question, only another one: how much of the damage runs through this loop? It is the most that any drug against it could do if it had been there all the time. The patient comes to hospital a week after the first symptom, and gets a drug for ten days. Between the two numbers lies the damage that was done before.

# %% worked q6-worked
with_drug_from_start = mine.treat(cl.treatment("anakinra", day=start)).run()
q6 = 100 * (1 - with_drug_from_start["lesion"].max() / control["lesion"].max())

# %% check q6-check
work.check("q6", q6)

# %% [markdown] text q7-text
# ## {{ q7.title }}
#
# {{ q7.prompt }}

# %% code q7-ward
from cytolearn.clinic import death_risk

people = cl.population(600, seed=work.given["ward_seed"])
ward = people.only(people.traits.query("viral_antagonism > 0.85 and sensing_delay > 2.5").index)
kept = ["ferritin", "lesion", "infection_hazard"]  # what the question needs
untreated = ward.run(readouts=kept, progress=False)
anakinra = ward.treat(cl.treatment("anakinra", day=8)).run(readouts=kept, progress=False)

# %% code q7-risk
without, with_drug = (
    death_risk(run.days, run["lesion"], run["infection_hazard"], run.traits["age"])
    for run in (untreated, anakinra)
)
ferritin = untreated.at(8)["ferritin"].to_numpy()
high = ferritin > np.median(ferritin)

# %% stub q7
q7 = ...  # patients to treat for one death fewer

# %% [markdown] why q7-why
# The number needed to treat is about absolute risks: how many of a hundred are spared. It falls when the risk is high, even if the drug cuts every risk by the same share. That is why trials enrol the very ill, and why their numbers must not be carried over to the less ill. Here the drug also does relatively more in the upper half, because ferritin marks the loop that it stops: in this model ferritin is predictive. In patients that is not shown: for that, a trial must treat those with little ferritin as well.

# %% worked q7-worked
spared = without[high].mean() - with_drug[high].mean()
q7 = 1 / spared

# %% check q7-check
work.check("q7", q7)

# %% [markdown] text q8-text
# ## {{ q8.title }}
#
# {{ q8.prompt }}
#
# Your instructor reads it with this rubric:
#
# {{ q8.rubric }}

# %% stub q8
q8 = """

"""

# %% [markdown] why q8-why
# There is no single right text; the one below is an example for the practice patient. It takes the sentence apart, gives advice with numbers, and says what the model leaves open. (Published: in RECOVERY and REMAP-CAP tocilizumab lowered mortality in inpatients, most of whom had a steroid; anakinra helped in SAVE-MORE, whose patients were chosen by suPAR, and not in CORIMUNO-ANA-1.)

# %% worked q8-worked
q8 = f"""Storm is a word: of six published definitions {len(q4)} would call this patient a case, the
others would not or cannot be decided. IL-6 is high because the lung is inflamed, which does not
make it the cause. In this virtual patient the IL-1 loop does more of the damage, and even anakinra
is late: begun on day {start} it lowers the worst lung lesion by {q6:.0f} percent, while no loop
at all, from the first day on, would lower it by {lowered:.0f}. And CRP will deceive us: the liver makes it when it hears IL-6, so it falls
after tocilizumab whether or not the lung heals. Let us judge by oxygen, and treat first what trials
agree on, a steroid in a patient who needs oxygen; tocilizumab was tested on top of it and saved
some lives, which this model does not reproduce. It cannot tell you either how likely a bacterial
infection is in this ward, or how the other organs fare. So I would add a blocker for worsening
oxygen, and not for a label."""

# %% check q8-check
work.check("q8", q8)

# %% [markdown] text end
# ## Hand in
#
# Choose *Run ▸ Restart Kernel and Run All Cells* once more and see that every check still says what you expect. Save, then hand in this notebook under its own name. Nothing else is needed: the answers are computed again from your cells.
