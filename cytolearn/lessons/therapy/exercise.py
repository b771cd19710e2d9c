# Assignment of lesson 5. Built into exercises/ and solutions/ by `cytolearn build therapy`.
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
from cytolearn.clinic import death_risk
from cytolearn.grading import assignment

code = ""  # your code, such as "4te5ksjz"
work = assignment("therapy", code)
work

# %% code people
mine = work.patient
start, lever = work.given["start"], work.given["lever"]
trial_seed = work.given["trial_seed"]


def burden(patient):
    """Lesion over the whole illness: the area under its curve, up to a constant."""
    return patient.run()["lesion"].sum()


# %% [markdown] text q1-text
# ## {{ q1.title }}
#
# {{ q1.prompt }}

# %% stub q1
once = mine.treat(cl.treatment("tocilizumab", day=start)).run()
q1 = ...  # days more with the second infusion
once.plot("il6", "crp", "lesion", "pf_ratio")

# %% [markdown] why q1-why
# An antibody leaves the body slowly, and its level falls by a constant *share* each day, not by a constant amount. A second infusion about doubles the level, and the extra time is the time in which it falls by half again, whatever the dose was before. (At low levels it goes faster: each antibody is then eaten together with its receptor.) Above the limit more drug changes nothing, the receptor is full; what lasts longer as well is the open door for bacteria. RECOVERY and REMAP-CAP allowed a second infusion to those who did not improve; whether it helps they did not randomise.

# %% worked q1-worked
days_taken = []
for regimen in ("single", "two_doses"):
    dose = cl.treatment("tocilizumab", day=start, regimen=regimen)
    occupancy = mine.treat(dose).run()["il6r_occupancy"]
    days_taken.append((occupancy >= 0.9).sum() / 10)  # ten rows a day
q1 = days_taken[1] - days_taken[0]

# %% check q1-check
work.check("q1", q1)

# %% [markdown] text q2-text
# ## {{ q2.title }}
#
# {{ q2.prompt }}

# %% code q2-extremes
extremes = {
    "mas_gain": (1, 4),
    "il6_gain": (1, 3.7),
    "t_cell_reserve": (0.5, 1.2),
    "ef_bias": (1, 5),
}

# %% stub q2
low, high = (mine.but(mas_gain=x) for x in extremes["mas_gain"])
illness = 100 * (burden(high) / burden(low) - 1)  # without any drug
print(f"High against low mas_gain: {illness:+.0f}% lesion, untreated.")
q2 = ...  # a list of names in quotes

# %% [markdown] why q2-why
# Four runs for each trait: two people, each with and without the drug. The first comparison (untreated, high against low) says whether a trait is *prognostic*, the difference of the two drug effects whether it is *predictive*. A marker that predicts death is tempting as a reason to treat, but it may say nothing about the drug: it only picks people in whom there is much to lose. To show that a marker is predictive a trial must treat people on **both** sides of it, and compare the two effects.

# %% worked q2-worked
q2, drug = [], cl.treatment(lever, day=start)
for name, values in extremes.items():
    persons = [mine.but(**{name: value}) for value in values]
    changes = [100 * (burden(person.treat(drug)) / burden(person) - 1) for person in persons]
    print(f"{name}: {lever} {changes[0]:+.1f}% at the low value, {changes[1]:+.1f}% at the high")
    q2 += [name] if abs(changes[1] - changes[0]) >= 10 else []

# %% check q2-check
work.check("q2", q2)

# %% [markdown] text q3-text
# ## {{ q3.title }}
#
# {{ q3.prompt }}

# %% stub q3
for day in [5]:  # which days?
    remdesivir = burden(mine.treat(cl.treatment("remdesivir", day=day)))
    print(f"From day {day} remdesivir leaves {remdesivir / burden(mine):.0%} of the lesion.")
q3 = ...  # the first day on which dexamethasone leaves less

# %% [markdown] why q3-why
# Two levers and two clocks. An antiviral can only prevent what virus would still have done; that is less every day. A steroid turns down inflammation, and with it the defence; as long as virus grows, the second costs more than the first brings. Somewhere between the two clocks cross, in each patient on another day. A trial that treats everybody 'in hospital' averages over both sides of that day.

# %% worked q3-worked
better = []
for day in range(5, 15):
    antiviral = burden(mine.treat(cl.treatment("remdesivir", day=day)))
    steroid = burden(mine.treat(cl.treatment("dexamethasone", day=day)))
    print(f"Day {day}: {antiviral / burden(mine):.1%} and {steroid / burden(mine):.1%} are left.")
    better += [day] if steroid < antiviral else []
q3 = min(better)

# %% check q3-check
work.check("q3", q3)

# %% [markdown] text q4-text
# ## {{ q4.title }}
#
# {{ q4.prompt }}

# %% code q4-colleague
tocilizumab = cl.treatment("tocilizumab", day=start)
treated = mine.treat(tocilizumab)
lowered = 100 * (1 - burden(treated) / burden(mine))
print(f"The colleague says: tocilizumab lowers the lesion by {lowered:.1f} percent.")

# %% stub q4
q4 = ...  # what the colleague should have found

# %% [markdown] why q4-why
# The colleague's two patients live in a hospital without steroids: spring 2020. There, blocking IL-6 alone leaves the other messengers free, and takes away a brake. Where everybody is on dexamethasone, the same drug meets another illness, and adds more or less to it. The question 'does this drug work?' is incomplete without 'on top of what?'. Both arms of a trial get the background; what differs is the drug under test and nothing else.

# %% worked q4-worked
on_steroid = mine.treat(cl.treatment("dexamethasone", day=start))
q4 = 100 * (1 - burden(on_steroid.treat(tocilizumab)) / burden(on_steroid))

# %% check q4-check
work.check("q4", q4)

# %% [markdown] text q5-text
# ## {{ q5.title }}
#
# {{ q5.prompt }}

# %% code q5-figure
rows_x = work.show("drug_x")
rows_x.forest(interactive=False, measure="risk ratio", title="Drug X: deaths")

# %% stub q5
q5 = ...  # "benefit", "no_benefit" or "open"

# %% [markdown] why q5-why
# Both tips of the diamond count. 'Not significant' would throw the second and the third reading into one pot: a narrow interval near 1, which **shows** that there is no benefit worth having, and a wide one, which shows nothing. Where the border of a benefit worth having lies is no question of statistics; it must be said before one looks. The lines below read the tips as numbers.

# %% worked q5-worked
diamond = rows_x.pool("risk ratio", shared_controls="split")
print(f"From {diamond.low:.2f} to {diamond.high:.2f}.")
q5 = "benefit" if diamond.high < 1 else "no_benefit" if diamond.low > 0.95 else "open"

# %% check q5-check
work.check("q5", q5)

# %% [markdown] text q6-text
# ## {{ q6.title }}
#
# {{ q6.prompt }}

# %% code q6-risk
rows = cl.evidence.trials(drug="tocilizumab")
antibody_trials = rows[rows["row_id"].str.startswith("REACT6")]


def risk(patient):
    """The model's risk of death within 28 days, 0 to 1: an assumed map, no prognosis."""
    run = patient.run()
    curves = [[run["lesion"]], [run["infection_hazard"]]]
    return death_risk(run.time, *curves, [patient.traits["age"]])[0]


# %% stub q6
print(f"Risk of your patient, untreated: {risk(mine):.1%}")
q6 = ...  # deaths prevented among 1000 such people

# %% [markdown] why q6-why
# Trials give ratios, because ratios travel better from one population to another than differences do. Lives are differences: the ratio times the risk of those who are treated. The same ratio that saves many of a hundred very ill people saves hardly anybody among people at home, while the side effects stay. That a ratio travels is an assumption, to be doubted where patients, background or day differ.

# %% worked q6-worked
ratio = antibody_trials.pool("risk ratio", shared_controls="split").estimate
q6 = 1000 * risk(mine) * (1 - ratio)
print(f"Pooled risk ratio {ratio:.3f}, own risk {risk(mine):.1%}")

# %% check q6-check
work.check("q6", q6)

# %% [markdown] text q7-text
# ## {{ q7.title }}
#
# {{ q7.prompt }}

# %% code q7-pilot
dexamethasone = cl.treatment("dexamethasone", day=8)
design = {"treated": [dexamethasone], "n": 20, "day": 8, "where": "support >= 1"}
pilot = cl.trial(**design, seed=trial_seed, progress=False)
truth = pilot.counterfactual(progress=False)
print("Deaths in the pilot:", pilot.patients.groupby("arm")["death_28"].sum().to_dict())
print("True risks, control and treated:", [f"{share:.4f}" for share in truth.risks])

# %% stub q7
control_risk, treated_risk = truth.risks
q7 = ...  # patients in both arms together

# %% [markdown] why q7-why
# The sample size grows with the *square* of one over the difference: half the effect needs four times the patients. Deaths are rare, the effect is modest, so thousands are needed; that is no defect of the design but arithmetic. Whoever plans with the effect that a pilot happened to show plans with its luck, and mostly far too small, because pilots that look striking are the ones that go on. In practice one plans with the smallest effect that would be worth having.

# %% worked q7-worked
p0, p1 = truth.risks
n_arm = (1.96 + 0.84) ** 2 * (p0 * (1 - p0) + p1 * (1 - p1)) / (p1 - p0) ** 2
q7 = 2 * n_arm
print(f"About {q7:.0f} patients for a difference of {100 * (p0 - p1):.1f} percentage points.")

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
# There is no single right text; the one below is an example for the practice patient. It takes the drugs one by one, uses own numbers and a published one, and says what would change the decision. (Published: dexamethasone, RECOVERY, on oxygen 0.82 (0.72 to 0.94); tocilizumab, RECOVERY, 0.85 (0.76 to 0.94), crude risk ratio with steroids 0.83 (0.75 to 0.92), without 1.13 (0.93 to 1.36).)

# %% worked q8-worked
q8 = f"""This is day ten, and the patient needs oxygen. I would give dexamethasone now: in the
RECOVERY trial it lowered deaths of people on oxygen (rate ratio 0.82, 0.72 to 0.94). In the model
a start of dexamethasone leaves this lung better off than a start of remdesivir from day {q3} on,
so I expect little from remdesivir today; the virus has done most of its work. Tocilizumab I would
add if inflammation stays high on the steroid: there it lowers the lesion of this patient by
another {q4:.0f} percent, and in RECOVERY it saved lives mostly in those who had a steroid. The man in
bed four tells us nothing: he was not compared with anybody, most people on oxygen recover, and of
three drugs given at once we could not say which one did it. I would decide otherwise if there
were signs of a bacterial infection, or if this were day two without oxygen. The model knows
neither other illnesses nor most side effects, and no trial has measured what it says an early
antiviral does to a lung."""

# %% check q8-check
work.check("q8", q8)

# %% [markdown] text end
# ## Hand in
#
# Choose *Run ▸ Restart Kernel and Run All Cells* once more and see that every check still says what you expect. Save, then hand in this notebook under its own name. Nothing else is needed: the answers are computed again from your cells.
