# Assignment of lesson 1. Built into exercises/ and solutions/ by `cytolearn build interferon`.
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
import cytolearn as cl
from cytolearn.grading import assignment

code = ""  # your code, such as "4te5ksjz"
work = assignment("interferon", code)
work

# %% code people
mine = work.patient
limit, blood_day, start = work.given["limit"], work.given["blood_day"], work.given["start"]
ana = cl.Patient("mild", label="Ana").run()

# %% [markdown] text q1-text
# ## {{ q1.title }}
#
# {{ q1.prompt }}

# %% stub q1
course = mine.run()
q1 = ...  # the day
course.plot("viral_load_lung", "lesion")

# %% [markdown] why q1-why
# The index of every series is the day after the first symptom, so `idxmax()` is the day of the largest value. The lesion peaks about a week **after** the virus in the lung: what the virus began, recruited cells and mediators go on with. A drug against the virus that is begun on the worst day therefore comes too late by a week.

# %% worked q1-worked
course = mine.run()
q1 = course["lesion"].idxmax()

# %% check q1-check
work.check("q1", q1)

# %% [markdown] text q2-text
# ## {{ q2.title }}
#
# {{ q2.prompt }}

# %% stub q2
q2 = ...  # a calculation with the two peaks

# %% [markdown] why q2-why
# Viral loads are written as logarithms because they span many powers of ten. Subtracting two logarithms divides the numbers behind them. Late interferon lets the virus down into the lung before its cells have closed their doors; the nose is full before interferon can act in either person, and there the two hardly differ.

# %% worked q2-worked
peak_difference = course["viral_load_lung"].max() - ana["viral_load_lung"].max()
q2 = 10**peak_difference

# %% check q2-check
work.check("q2", q2)

# %% [markdown] text q3-text
# ## {{ q3.title }}
#
# {{ q3.prompt }}

# %% stub q3
for day in [3]:  # which days?
    treated = mine.treat(cl.treatment("ifn_beta_1a", day=day)).run()
    left = ...  # percent of the untreated peak lesion
    print(day, left)
q3 = ...  # the last day in time

# %% [markdown] why q3-why
# Nine runs of the same person, which differ in nothing but the start day. The share that is left rises with every day of delay and ends near 100%: interferon only protects cells that the virus has not reached yet, and each day more of those that it will reach are infected already. Where exactly the window closes depends on the person, and on how large an effect is wanted. That is why a trial that treats everybody in hospital, a week after onset, can find nothing with a drug that would have worked earlier.

# %% worked q3-worked
in_time = []
for day in range(9):
    treated_run = mine.treat(cl.treatment("ifn_beta_1a", day=day)).run()
    percent_left = 100 * treated_run["lesion"].max() / course["lesion"].max()
    print(f"Started on day {day}: {percent_left:.0f}% is left.")
    in_time += [day] if percent_left <= limit else []
q3 = max(in_time)

# %% check q3-check
work.check("q3", q3)

# %% [markdown] text q4-text
# ## {{ q4.title }}
#
# {{ q4.prompt }}

# %% stub q4
q4 = ...  # your patient's interferon divided by Ana's, on that day

# %% [markdown] why q4-why
# Interferon is made where the virus is sensed. Ana's is high when she falls ill and fades within days, because few infected cells are left to sense it. Your patient's never gets as high, but it lasts, because the virus goes on growing in the lung. The ratio therefore turns round within days. One sample without its day says nothing about who 'lacks interferon'.

# %% worked q4-worked
q4 = course["ifn"].loc[blood_day] / ana["ifn"].loc[blood_day]

# %% check q4-check
work.check("q4", q4)

# %% [markdown] text q5-text
# ## {{ q5.title }}
#
# {{ q5.prompt }}

# %% code q5-figure
patient_x = work.show("mystery")
patient_x.plot("lesion")

# %% stub q5
q5 = ...  # "not_made", "neutralised" or "not_heard"

# %% [markdown] why q5-why
# A drug can be used as a test. If both interferons help, the receptor works and nothing catches them: interferon was not made. If only beta helps, something binds alpha: autoantibodies, which in most carriers spare beta. If neither helps, the message is not heard. The lines below read the figure as numbers.

# %% worked q5-worked
untreated, alpha, beta = (run["lesion"].max() for run in patient_x.courses)
alpha_helps, beta_helps = alpha < 0.6 * untreated, beta < 0.6 * untreated
q5 = "not_made" if alpha_helps else "neutralised" if beta_helps else "not_heard"

# %% check q5-check
work.check("q5", q5)

# %% [markdown] text q6-text
# ## {{ q6.title }}
#
# {{ q6.prompt }}

# %% code q6-colleague
treated = mine.treat(cl.treatment("ifn_beta_1a", day=start)).run()
control = cl.Patient("mild").run()
lowered = 100 * (1 - treated["lesion"].max() / control["lesion"].max())
print(f"The colleague says: lowered by {lowered:.1f} percent.")

# %% stub q6
q6 = ...  # what the colleague should have found

# %% [markdown] why q6-why
# The colleague's control is somebody else, with another interferon system. Whatever sets the two apart is then counted as an effect of the drug. The right control is the **same** person without the drug, the counterfactual. No doctor ever sees it; this is what randomisation replaces, by making two groups alike on average.

# %% worked q6-worked
right_control = mine.run()
q6 = 100 * (1 - treated["lesion"].max() / right_control["lesion"].max())

# %% check q6-check
work.check("q6", q6)

# %% [markdown] text q7-text
# ## {{ q7.title }}
#
# {{ q7.prompt }}
#
# Your instructor reads it with this rubric:
#
# {{ q7.rubric }}

# %% stub q7
q7 = """

"""

# %% [markdown] why q7-why
# There is no single right text; the one below is an example for the practice patient. It answers first, gives a reason and a number, and says what the model leaves open. (Published: interferon beta did not lower mortality in hospital in the large SOLIDARITY trial; interferon lambda given within a week to outpatients lowered hospital visits in TOGETHER.)

# %% worked q7-worked
q7 = f"""I would not give interferon now. Interferon is an alarm: it tells cells that the virus
has not reached yet to close their doors. After eight days it has reached nearly all that it ever
will. When I try it with this patient in the computer model, a start on day {q3:.0f} still brings
the worst damage in the lung down to {limit} percent or less, but a start one day later does not,
and on day eight nearly all of the damage remains. Large studies in hospitals found no benefit
either. What helps at this point is oxygen, if it is needed, and then a drug that calms the
inflammation. The model cannot tell you about side effects or about other illnesses that your relative
may have, and it knows only the first virus of 2020, in people without vaccination."""

# %% check q7-check
work.check("q7", q7)

# %% [markdown] text end
# ## Hand in
#
# Choose *Run ▸ Restart Kernel and Run All Cells* once more and see that every check still says what you expect. Save, then hand in this notebook under its own name. Nothing else is needed: the answers are computed again from your cells.
