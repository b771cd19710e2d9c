# Lesson 6, the page. Built into notebooks/ by `cytolearn build ward`.
# A cell opens with "# %% [markdown] part name"; {{ words }} come from content.toml.

# %% [markdown] title title
# # {{ number }} · {{ title }}
#
# {{ hook }}
#
# **About {{ total_minutes }} minutes** ({{ minutes }}).
#
# {{ opening }}
#
# *Save your logbook:* every answer, and every ward that you close, is stored at once in a small file beside this notebook. On Binder nothing lasts: download it at the end.

# %% [markdown] question question
# ## The question
#
# {{ question }}
#
# After this lesson you can
#
# {{ objectives }}
#
# You need: {{ needs }}

# %% setup setup
import cytolearn as cl

lesson = cl.lesson("ward")
lesson

# %% [markdown] story story
# ## The story
#
# {{ story }}

# %% [markdown] predict predict
# ## Predict
#
# Before you take over the ward, commit yourself twice. First, the drug that everybody knows. **What if all eight had been given dexamethasone from day 1?** Second, the drug of lesson 1. **Who of the eight profits from interferon?**
#
# Nothing is marked here. The ward below stays closed until you have answered both, or skipped them.

# %% ask ask-p1
lesson.predict("p1")

# %% ask ask-p2
lesson.predict("p2")

# %% [markdown] see see
# ## See
#
# Your ward. Choose a bed, a drug and a dose. Then come this patient's sheets: six tests as curves, all of them as a table. Nothing here can hurt anybody, and you can play as often as you like: the same ward again, or a new one.
#
# The **score** is free of luck. It counts the deaths that your plans would prevent on average, as a share of what the best plans found would prevent. Below zero means harm. What the dice make of it is shown as well, but not scored.

# %% see explore
lesson.explore()

# %% [markdown] legend legend-curves
# ## Legend
#
# The tests on the sheet. An arrow marks a value outside the reference range (green in the pictures). Two arrows mark one that is more than three times the upper end, or less than a third of the lower end; viral load, a logarithm, never gets two. Values carry the noise of a laboratory: small ups and downs mean nothing.
#
# {{ legend_curves }}

# %% [markdown] legend legend-controls
# The six controls.
#
# - **Bed.** Eight patients with age and day of illness, counted from the first symptom. A dot stands for a drug given.
# - **Drug.** All treatments of this course. *What is known* opens its mechanism and what trials found.
# - **Dose.** Half the usual dose, the usual one, or twice, the last only where a trial gave as much.
# - **Give it today.** The course starts on this round and runs as published. At most two drugs for each patient.
# - **Take back.** Takes back the last order of this round.
# - **Next round.** Two or three days pass. After the fourth round the ward is closed.
#
# The **ward code** above makes the ward: the same word, the same eight patients. Your instructor may give you one.

# %% [markdown] explain explain
# ## Explain
#
# Two curves decide, and both run on one clock. The **virus** in the lung rises first. What fights it can only save cells that are still healthy, so it must come early. **Inflammation** rises later. What restrains it can only prevent damage that is still to come, and a steroid, which restrains nearly everything, stands in the way of the defence if it comes early.
#
# What differs from bed to bed is how high each curve goes and what feeds it. The laboratory shows traces of that, late and with noise.

# %% explain diagram
lesson.diagram()

# %% [markdown] explain explain-equations
# Where the two meet is the lesion. Blockers of a cytokine take away terms of the first equation; infection, the third, is their price.

# %% explain equations
lesson.equations()

# %% [markdown] bridge bridge
# ## The same in three lines
#
# The ward can be played without the app. A *plan* is a list of orders, and its *outlook* is what it comes to, free of chance. Here is bed 1 of 'ward 5', untreated and with two drugs from day 8. You will need the names below.

# %% bridge three-lines
from cytolearn.trials.ward import Order, admit, outlook

people = {person.bed: person for person in admit("ward 5")}
plan = (Order("baricitinib", day=8), Order("sarilumab", day=8))
before, after = outlook(people[1]), outlook(people[1], plan)
print(f"{people[1].label}: risk of death {before.death:.1%}, with the plan {after.death:.1%}")

# %% [markdown] do do
# ## Do
#
# Four tasks: one bed, one drug in all beds, and then two about rules. In each, run the cells with *Shift + Enter*, change the line that is marked, and read the answer. Play 'ward 5' first if you want to: these tasks give some of it away.

# %% [markdown] do t1
# ### {{ t1.title }}
#
# {{ t1.prompt }}

# %% do t1-run
day = 2                                 # edit this line: 2 ... 14
treated = outlook(people[3], (Order("dexamethasone", day),))
change = 100 * (treated.death - outlook(people[3]).death)
print(f"Started on day {day}: the risk of death changes by {change:+.1f} points.")

# %% do t1-check
lesson.check("t1", ...)                 # put the best day in place of the dots

# %% [markdown] do t2
# ### {{ t2.title }}
#
# {{ t2.prompt }}

# %% do t2-run
for bed, person in people.items():
    given = (Order("ifn_beta_1a", person.arrival),)
    left = outlook(person, given).death / outlook(person).death
    print(f"bed_{bed}, day {person.arrival}: {left:.0%} of the untreated risk is left")

# %% do t2-check
lesson.check("t2", ...)                 # a list of names in quotes: ["bed_1", "bed_2"]

# %% [markdown] do t3
# ### {{ t3.title }}
#
# {{ t3.prompt }}

# %% do t3-run
from cytolearn.clinic import outcomes_of

crowd = cl.population(200, seed=8)
untreated = crowd.run(progress=False)
treated = crowd.treat(cl.treatment("dexamethasone", day=8)).run(progress=False)
risk = [outcomes_of(cohort, entry=8)["death_risk"] for cohort in (untreated, treated)]
saved, sheet = risk[0] - risk[1], untreated.at(8)

# %% do t3-check
needy = sheet["pf_ratio"] < 300
number_needed = ...                     # edit this line
lesson.check("t3", number_needed)

# %% [markdown] do t4
# ### {{ t4.title }}
#
# {{ t4.prompt }}

# %% do t4-run
rules = {"everybody": sheet["crp"] >= 0, "oxygen": sheet["pf_ratio"] < 300,
         "crp": sheet["crp"] > 75, "ferritin": sheet["ferritin"] > 700,
         "age": untreated.traits["age"] >= 70}
for name, chosen in rules.items():
    print(f"{name:10} {chosen.sum():3} treated, deaths prevented {saved[chosen].sum():+.2f}")

# %% do t4-check
lesson.check("t4", ...)                 # a list of names in quotes

# %% [markdown] quiz quiz
# ## Quiz
#
# Six questions. Each answer, right or wrong, tells you something. You may try again; your first answer is what the logbook remembers.

# %% quiz quiz-questions
lesson.quiz()

# %% [markdown] evidence evidence
# ## Evidence
#
# The game is played in a model. Here is what it shows beside what was found in patients, **for and against**. The letter says how firm the evidence is: A, replicated trials or measurements; B, several cohorts; C, one cohort or a mechanism; D, an assumption.
#
# VERIFIED means that the number was seen in a source when this lesson was written; MEMORY means that it was not, so check before you quote it.

# %% evidence cards
lesson.evidence()

# %% [markdown] key-points key-points
# ## Key points
#
# {{ key_points }}
#
# **Limits of this lesson**
#
# {{ limits }}
#
# *{{ disclaimer }}*

# %% [markdown] progress progress
# ## Progress
#
# What you have done, and the file that holds it, with the wards that you closed. Run both cells again whenever you like.

# %% progress done
lesson.progress()

# %% progress save
lesson.save()

# %% [markdown] references references
# ## References
#
# The sources of the evidence above. This was the last lesson. Where to go on: open a new ward with your name, or take a claim of yours to a virtual trial (`cl.trial`) and see whether it survives.

# %% references sources
lesson.references()
