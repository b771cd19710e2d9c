# Assignment of lesson 4. Built into exercises/ and solutions/ by `cytolearn build extrafollicular`.
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
work = assignment("extrafollicular", code)
work

# %% code people
mine = work.patient
sample_day, limit = work.given["sample_day"], work.given["limit"]
plasma_day = work.given["plasma_day"]
constants = cl.parameters()["baseline"]
weak = constants["affinity_ef"]  # strength of one unit of fast antibody
usual = constants["self_reactivity"]

# %% [markdown] text q1-text
# ## {{ q1.title }}
#
# {{ q1.prompt }}

# %% stub q1
course = mine.run()
q1 = ...  # the day
course.plot("viral_load_lung", "plasmablasts", "auto_ab", "lesion")

# %% [markdown] why q1-why
# The index of every series is the day after the first symptom, so `idxmax()` is the day of the largest value. Read the order: virus, then the cells that answer it, then what these cells have made. Somebody who counts cells and somebody who measures antibody, in the same blood, say that the response is highest a week apart, and both are right.

# %% worked q1-worked
course = mine.run()
q1 = course["plasmablasts"].idxmax()

# %% check q1-check
work.check("q1", q1)

# %% [markdown] text q2-text
# ## {{ q2.title }}
#
# {{ q2.prompt }}

# %% stub q2
print(f"Strength: fast {weak}, trained {course['affinity'].loc[sample_day]:.2f} AU for each unit.")
q2 = ...  # percent of all neutralising antibody on sample_day

# %% [markdown] why q2-why
# A test that measures **binding** counts molecules; a test that measures **neutralisation** asks what they can do. Germinal centres make few antibodies and good ones: there B cells mutate, and those that bind best survive. So for weeks the blood is full of fast antibody while a growing part of the protection comes from the little that was trained. Whoever compares two studies must know which of the two tests was used.

# %% worked q2-worked
fast = weak * course["antibody_ef"].loc[sample_day]
trained = course["affinity"].loc[sample_day] * course["antibody_gc"].loc[sample_day]
q2 = 100 * fast / (fast + trained)

# %% check q2-check
work.check("q2", q2)

# %% [markdown] text q3-text
# ## {{ q3.title }}
#
# {{ q3.prompt }}

# %% stub q3
long = mine.run(days=100)
first = ...  # the first day of your fit
q3 = ...  # the half-life in days

# %% [markdown] why q3-why
# The amount of antibody changes by what is made and by what is lost. Only when nothing is made any more does the curve show the loss alone. The plasmablasts tell when: their share is near its starting value from about day 60 on, and from there the logarithm is a straight line. If the fit begins at the peak, the same antibody seems to stay more than a third longer. This mistake is made with drugs, hormones and viruses as well.

# %% worked q3-worked
long = mine.run(days=100)
late = long["auto_ab"].loc[60:]
slope = np.polyfit(late.index, np.log(late), 1)[0]
q3 = np.log(2) / -slope

# %% check q3-check
work.check("q3", q3)

# %% [markdown] text q4-text
# ## {{ q4.title }}
#
# {{ q4.prompt }}

# %% code q4-changes
changes = {
    "no_fast_route": {"ef_bias": 0},
    "no_self_reactivity": {"self_reactivity": 0},
    "stronger_antibody": {"affinity_ef": 1},  # more than twice as strong
    "fewer_complexes": {"ic_viral": 0.00667, "ic_self": 0.0015},  # immune complexes: a third
    "faster_training": {"affinity_maturation": 0.15},  # nearly four times as fast
}

# %% stub q4
changed = mine.but(**changes["faster_training"]).run()
change = ...  # percent of the present peak lesion
q4 = ...  # a list of names in quotes

# %% [markdown] why q4-why
# Five experiments on one and the same person. Stronger arms of the antibody: more virus is blocked, and in time, because the fast route is in time. Fewer complexes: the stems of the antibody call fewer cells, and the virus is held back as before. Faster training changes next month. Closing the fast route takes away everything harmful that it makes, **and** the only antibody of the first two weeks; the second weighs more as long as there is much virus. A mechanism that does harm is not yet a mechanism that should be switched off.

# %% worked q4-worked
q4 = []
for name, change in changes.items():
    new_peak = mine.but(**change).run()["lesion"].max()
    in_percent = 100 * (new_peak / course["lesion"].max() - 1)
    print(f"{name}: {in_percent:+.1f}%")
    q4 += [name] if in_percent <= -limit else []

# %% check q4-check
work.check("q4", q4)

# %% [markdown] text q5-text
# ## {{ q5.title }}
#
# {{ q5.prompt }}

# %% stub q5
closed = mine.but(ef_bias=0).run()["lesion"].max()
for x in [0.1, 0.9]:  # which values?
    lesion = mine.but(self_reactivity=x).run()["lesion"].max()
    print(
        f"Self-reactivity {x:.2f}: {lesion:.1f}% of the lung; with the route closed {closed:.1f}%."
    )
q5 = ...  # the self_reactivity from which on a closed route is better

# %% [markdown] why q5-why
# Benefit and cost on one scale, the lung. The benefit, less virus, is there at any self-reactivity (even a bit smaller the more of the antibody misses the virus); the cost grows with the share that is aimed at the body. Where the two curves cross, the balance turns. The solution tries a grid and takes the first value on the other side; a root finder such as `scipy.optimize.brentq` would do as well. The number itself rests on assumed constants: take the *existence* of such a point from this model, not its place.

# %% worked q5-worked
closed_peak = mine.but(ef_bias=0).run()["lesion"].max()
for x in np.arange(0.06, 1, 0.02):
    if mine.but(self_reactivity=x).run()["lesion"].max() > closed_peak:
        break
q5 = x

# %% check q5-check
work.check("q5", q5)

# %% [markdown] text q6-text
# ## {{ q6.title }}
#
# {{ q6.prompt }}

# %% code q6-figure
patient_x = work.show("mystery")
patient_x.plot("nab", "auto_ab")

# %% stub q6
q6 = ...  # "infection", "untrained", "lupus" or "both"

# %% [markdown] why q6-why
# Three questions read the figure. Was there a virus? Then there is antibody against it. Is it trained? Then there is more of its effect in the third month than in the third week, although the cells of the fast route are long gone. (So it is in the model. In people the level itself falls slowly after the first month or two, while each antibody gets better.) Is self-reactive antibody still made? On a logarithmic axis a straight fall means no, a level means yes. The B cells of severe COVID-19 and of lupus look alike for a week or two; in this model what tells the diseases apart is whether the response ends.

# %% worked q6-worked
nab, own = patient_x["nab"], patient_x["auto_ab"]
virus_was_there, trained_later = nab.max() > 1, nab.iloc[-1] > nab.loc[20]
still_made = own.iloc[-1] > own.max() / 3
infected = "both" if still_made else "infection" if trained_later else "untrained"
q6 = infected if virus_was_there else "lupus"

# %% check q6-check
work.check("q6", q6)

# %% [markdown] text q7-text
# ## {{ q7.title }}
#
# {{ q7.prompt }}

# %% code q7-colleague
gift = 12  # AU of neutralising antibody: two units of convalescent plasma
people = [mine.but(viral_antagonism=x).run() for x in (0.5, 0.65, 0.8, 0.9)]
antibody = [person["nab"].loc[10] for person in people]
damage = [person["lesion"].max() for person in people]
per_unit = np.polyfit(antibody, damage, 1)[0]  # percentage points of the lung for each AU
print(f"The colleague says: {gift} AU of antibody would add {gift * per_unit:.1f} points.")

# %% stub q7
q7 = ...  # what the gift of antibody really changes

# %% [markdown] why q7-why
# The four people have more antibody **because** they have more virus, and a worse lung for the same reason. The line through them is a fact, and it predicts well: who has more antibody on day 10 is in more danger. It says nothing about what happens if somebody *gives* antibody, because that changes antibody and not the past of the virus. This is confounding by a common cause. In real life the intervention has a name: a randomised trial of plasma. Given early it helped in two of them and made no clear difference in three others.

# %% worked q7-worked
with_plasma = mine.treat(cl.treatment("convalescent_plasma", day=plasma_day)).run()
q7 = with_plasma["lesion"].max() - course["lesion"].max()

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
# There is no single right text; the one below is an example for the practice patient. It answers first, tells the mark from the cause, gives numbers on both sides, and says what would change the writer's mind. (Published: patients in intensive care had more early antibody; plasma did not raise deaths in hospital; given early it helped in two trials and made no clear difference in three others. People who lack B cells have long infections. No trial has shown a benefit of removing B cells in acute COVID-19.)

# %% worked q8-worked
q8 = f"""I would not do it. It is true that people who become very ill often have much antibody
early on. But much virus brings both, the antibody and the damage, just as many fire engines
stand where the fire is large. When I give this patient extra antibody in the computer model and
change nothing else, the worst damage in the lung becomes smaller by {-q7:.0f} points, not larger.
The fast antibody has a price: a part of it is aimed at the body itself. But only if that part were
far larger than we think (a self-reactivity of {q5:.2f} instead of {usual}) would this lung be better
off without it. If we switch the B cells off at the beginning, we take away the only antibody of
the first two weeks. What would change my mind is a trial in which lots decide who is treated, and
those without B cells do better. The size of the self-reactive part is a guess in this model, so a
careful measurement of it would count, too."""

# %% check q8-check
work.check("q8", q8)

# %% [markdown] text end
# ## Hand in
#
# Choose *Run ▸ Restart Kernel and Run All Cells* once more and see that every check still says what you expect. Save, then hand in this notebook under its own name. Nothing else is needed: the answers are computed again from your cells.
