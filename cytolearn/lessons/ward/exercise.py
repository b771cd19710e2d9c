# Assignment of lesson 6. Built into exercises/ and solutions/ by `cytolearn build ward`.
# A cell opens with "# %% [markdown] part name"; parts: cytolearn/lessons/exercises.py.
# {{ words }} come from exercise.toml. "stub" cells are handed out, "worked" and "why" never.

# %% [markdown] text title
# # Assignment {{ number }} · {{ title }}
#
# Belongs to lesson {{ number }}, *{{ lesson }}*. **About {{ minutes }} minutes, {{ points }} points.** Each check answers at once, with a reason and three hints that open one after the other. You may try as often as you like; what counts is what stands here when you hand the notebook in.
#
# Teaching model (2020 wild-type virus, nobody vaccinated), not for clinical use.

# %% [markdown] text patient
# ## Your ward
#
# {{ story }}
#
# Put the code that your instructor gave you between the quotes. Without a code you get the public practice patient, which earns no points in a course.

# %% code setup
from cytolearn.grading import assignment
from cytolearn.trials.ward import Inpatient, Order, admit, outlook, oxygen

code = ""  # your code, such as "4te5ksjz"
work = assignment("ward", code)
work

# %% code people
drug, late_drug, wait = (work.given[key] for key in ("drug", "late_drug", "wait"))
ward = f"ward {work.given['ward']}"
mine = Inpatient(8, "your patient", work.patient, "", work.given["arrival"], ward)
people = {person.bed: person for person in admit(ward)} | {8: mine}
for person in people.values():
    print(f"{person.label}: came on day {person.arrival} after the first symptom")

# %% [markdown] text tools
# `people[3]` is whoever lies in bed 3, and `mine` is your patient. A *plan* is a list of orders, and `outlook` says what it comes to from the day of **arrival** to day 28, free of chance:
#
# `outlook(mine).death` is the risk of death untreated, `outlook(mine, (Order("remdesivir", day=8),)).death` that with remdesivir from day 8 on. (Mind the comma in `(Order(...),)`: it makes a list of one order.)

# %% [markdown] text q1-text
# ## {{ q1.title }}
#
# {{ q1.prompt }}

# %% stub q1
print(f"Your patient's risk of death, untreated: {outlook(mine).death:.1%}")
q1 = ...  # deaths in 100 wards

# %% [markdown] why q1-why
# Risks add up: eight people with a risk of a tenth each make 0.8 deaths on an average ward, although no ward has ever seen 0.8 of a death. The sum is what a plan is judged by. It is dominated by two or three beds, so a plan is judged by what it does to **them**; the beds with hardly any risk can only be harmed.

# %% worked q1-worked
untreated = {bed: outlook(person).death for bed, person in people.items()}
q1 = 100 * sum(untreated.values())

# %% check q1-check
work.check("q1", q1)

# %% [markdown] text q2-text
# ## {{ q2.title }}
#
# {{ q2.prompt }}

# %% stub q2
for day in [0]:  # which days?
    with_steroid = outlook(mine, (Order("dexamethasone", day),)).death
    print(day, with_steroid)
q2 = ...  # the first start day that helps

# %% [markdown] why q2-why
# One drug, one patient, thirteen answers. Begun early, the steroid silences the alarm (interferon) and the cells that clear the virus, and the lung comes to hold more of it. Begun after the virus has peaked, it spares the lung what inflammation would do. In between the sign turns. A trial that lets people in by "days since the first symptom" alone mixes both sides, because the day of the turn differs from person to person; to **need oxygen** is a better clock, as it shows that inflammation has reached the lung.

# %% worked q2-worked
first = None
for day in range(13):
    change = outlook(mine, (Order("dexamethasone", day),)).death - outlook(mine).death
    print(f"Started on day {day}: {100 * change:+.2f} percentage points")
    first = day if first is None and change < 0 else first
q2 = first

# %% check q2-check
work.check("q2", q2)

# %% [markdown] text q3-text
# ## {{ q3.title }}
#
# {{ q3.prompt }}

# %% stub q3
pharmacy = ["dexamethasone", "tocilizumab", "canakinumab", "baricitinib", "remdesivir"]
print("Ward rounds on the days", mine.days)
q3 = ...  # the name of a drug, in quotes

# %% [markdown] why q3-why
# Which drug wins depends on two things of your patient: **when** he or she came, and **what** feeds the inflammation. Whoever comes before the virus has peaked may gain most from an antiviral. Later it is the loop that counts: with a strong inflammasome loop a blocker of interleukin 1 (canakinumab), with several messengers at work a JAK inhibitor (baricitinib).
#
# Do not go by a marker that the drug itself moves. Tocilizumab blocks the receptor of interleukin 6; the liver makes CRP on the order of interleukin 6; so CRP falls whatever happens in the lung. For the same reason "CRP below ..." is no outcome for a trial of tocilizumab.

# %% worked q3-worked
names = ["dexamethasone", "tocilizumab", "canakinumab", "baricitinib", "remdesivir"]
plans = [(outlook(mine, (Order(n, d),)).death, n, d) for n in names for d in mine.days]
for risk, name, day in sorted(plans)[:3]:
    print(f"{name} from day {day}: risk of death {risk:.1%}")
q3 = min(plans)[1]

# %% check q3-check
work.check("q3", q3)

# %% [markdown] text q4-text
# ## {{ q4.title }}
#
# {{ q4.prompt }}
#
# Shaded: outside the reference range. Two arrows: far outside. The same as numbers: `work.show("sheets")`.

# %% code q4-board
work.show("board")

# %% stub q4
q4 = ...  # one of the four words, in quotes

# %% [markdown] why q4-why
# Compare down the columns. CRP, ferritin and IL-6 are raised in nearly everybody who lies in hospital with COVID-19; they say "ill", not "why". What tells the types apart is what stands out **beside** the others: IL-18 and ferritin together (inflammasome), IL-6 with few HLA-DR molecules on monocytes (IL-6), plasmablasts (fast route of B cells), and interferon near zero while the virus is high (antibodies against interferon, or an inborn error). The lines below do that for every test. Each value is a median of four rounds, because one sample may be off by half.

# %% worked q4-worked
sheets = work.show("sheets")
x, others = sheets.loc["X"], sheets.drop("X")
print("X is the highest in", [test for test in sheets if x[test] > others[test].max()])
print("X is the lowest in", [test for test in sheets if x[test] < others[test].min()])
loops = {"inflammasome_loop": "il18", "il6_loop": "il6", "extrafollicular": "plasmablasts"}
beyond = {word: x[test] / others[test].max() for word, test in loops.items()}
beyond["no_interferon"] = others["ifn"].min() / x["ifn"] if x["viral_load"] > 4.5 else 0
q4 = max(beyond, key=beyond.get)

# %% check q4-check
work.check("q4", q4)

# %% [markdown] text q5-text
# ## {{ q5.title }}
#
# {{ q5.prompt }}

# %% code q5-colleague
from dataclasses import replace

start = mine.arrival + wait
given_late = replace(mine, arrival=start)  # in the study from the day of the drug
with_drug = outlook(given_late, (Order(late_drug, start),)).death
without = outlook(mine).death
print(f"Never given: {without:.2%} die. Given {late_drug} from day {start}: {with_drug:.2%} die.")
print(f"The colleague says: lowered by {100 * (without - with_drug):.2f} percentage points.")

# %% stub q5
q5 = ...  # percentage points, from arrival to day 28

# %% [markdown] why q5-why
# The treated are followed from the day of the drug, the others from arrival. The days in between are called *immortal time*: nobody in the treated group can die in them, for whoever died was never treated. Take the drug away and the "effect" of these days remains; the last line prints it. There are two ways out: count both from arrival, as here, or both from the day of the drug, among those still alive (a *landmark*). What one must not do is to mix them.

# %% worked q5-worked
q5 = 100 * (outlook(mine).death - outlook(mine, (Order(late_drug, start),)).death)
no_drug_at_all = 100 * (outlook(mine).death - outlook(given_late).death)
print(f"Without any drug the colleague would have found {no_drug_at_all:.2f} points.")

# %% check q5-check
work.check("q5", q5)

# %% [markdown] text q6-text
# ## {{ q6.title }}
#
# {{ q6.prompt }}

# %% stub q6
print(f"Your drug: {drug}")
q6 = ...  # a list of names in quotes: ["bed_1", "bed_2"]

# %% [markdown] why q6-why
# The same drug, dose and moment (arrival), eight people. It helps those whose lung is being damaged by inflammation and harms those whose defence still has work to do, and those who would hardly have become ill. Note that the day of illness alone does not tell them apart.

# %% worked q6-worked
shift = {}
for bed, person in people.items():
    treated = outlook(person, (Order(drug, person.arrival),)).death
    shift[bed] = 100 * (treated - outlook(person).death)
    print(f"bed {bed}, day {person.arrival}: {shift[bed]:+.2f} percentage points")
q6 = [f"bed_{bed}" for bed, points in shift.items() if points > 0.2]

# %% check q6-check
work.check("q6", q6)

# %% [markdown] text q7-text
# ## {{ q7.title }}
#
# {{ q7.prompt }}

# %% code q7-formula
def per_arm(without, with_drug):
    """Return the patients for one arm, from the shares that die without and with the drug."""
    spread = without * (1 - without) + with_drug * (1 - with_drug)
    return 7.85 * spread / (without - with_drug) ** 2

# %% stub q7
print(oxygen(mine, mine.arrival))
q7 = ...  # patients in one arm

# %% [markdown] why q7-why
# The difference of the two risks stands in the formula as a **square**: half the effect needs four times the patients. Letting in people who gain nothing waters the effect down; letting in people who are harmed does so even more. RECOVERY could see that dexamethasone saves lives in those on oxygen and not in the others because it was large, and because it had written down the groups beforehand.
#
# This is a trial on paper. It takes the risks of a handful of virtual people for those of all who may enter, and it asks for deaths alone.

# %% worked q7-worked
enter = [p for p in people.values() if oxygen(p, p.arrival) != "no oxygen"]
mean_without = sum(outlook(p).death for p in enter) / len(enter)
mean_with = sum(outlook(p, (Order(drug, p.arrival),)).death for p in enter) / len(enter)
print(f"{len(enter)} may enter; risk {mean_without:.1%} without, {mean_with:.1%} with {drug}")
q7 = per_arm(mean_without, mean_with)

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
# There is no single right text; the one below is an example for the practice patient. (Published: in RECOVERY dexamethasone lowered deaths on oxygen and on a ventilator, not without oxygen. In COVID-19 one trial, ESCAPE, 102 people screened, chose anakinra or tocilizumab by ferritin, HLA-DR and liver enzymes, but it randomised nobody; no **randomised** trial there has. In sepsis ImmunoSep randomised: anakinra for a high ferritin, interferon gamma for a low HLA-DR. It found less organ damage, but not fewer deaths.)

# %% worked q8-worked
harmed = " and ".join(name.replace("_", " ") for name in q6)
q8 = f"""Do not give {drug} to everybody on arrival. On this virtual ward it raises the risk of
death in {harmed}: they came early, or have little inflammation to restrain. Among those who need
oxygen on arrival it lowers the mean risk from {mean_without:.0%} to {mean_with:.0%}. So treat by
need: the steroid for those on oxygen, as the large trials found, and wait with the others. My own
patient would be harmed by dexamethasone begun before day {q2}.

Nor should we simply follow the model. It says that {q3} is best for my patient, but it was scored
in the same model in which the reasoning is true. Nobody has shown in people with COVID-19 that
choosing by mechanism saves more lives than the rule. To show it we would randomise patients on
oxygen to 'by rule' or 'by mechanism', count everybody from the day of the draw, and compare deaths
by day 28, not CRP, which some of these drugs switch off."""

# %% check q8-check
work.check("q8", q8)

# %% [markdown] text end
# ## Hand in
#
# Choose *Run ▸ Restart Kernel and Run All Cells* once more and see that every check still says what you expect. Save, then hand in this notebook under its own name. Nothing else is needed: the answers are computed again from your cells.
