# Lesson 5, the page. Built into notebooks/ by `cytolearn build therapy`.
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
# {{ saving }}

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

lesson = cl.lesson("therapy")
lesson

# %% [markdown] story story
# ## The story
#
# {{ story }}

# %% [markdown] predict predict
# ## Predict
#
# Before you see anything, commit yourself. First, two drugs. **Who profits from blocking IL-1, and who from blocking IL-6?** Second, one drug on two days. **What does dexamethasone do to Ana at home, and what to Mara on the ward?**
#
# Nothing is marked here. The app below stays closed until you have answered both, or skipped them.

# %% ask ask-p1
lesson.predict("p1")

# %% ask ask-p2
lesson.predict("p2")

# %% [markdown] see see
# ## See
#
# The app shows Jonas; buttons show Mara and Ana. Two drugs can be given at once, each on its own day and in its own dose. Take *Try this* one line at a time. The four tabs belong to it: the drug *in the body*; every drug in everybody, *who, what, when*; a *trial* that you design; and twelve *traps* into which trials and their readers fall. The buttons that simulate many patients need some seconds and can be cancelled.

# %% see explore
lesson.explore()

# %% [markdown] legend legend-curves
# ## Legend
#
# The six pictures. Days are counted from the first symptom (dotted line); the infection came five days earlier. Green is the normal range; the dashed grey line is Jonas without treatment.
#
# {{ legend_curves }}

# %% [markdown] legend legend-controls
# The six controls. The small mark under a slider is Jonas's value. Click *source* to read where the number comes from, how sure we are of it, and what is usual.
#
# {{ legend_controls }}

# %% [markdown] legend legend-trials
# Words of the trial tabs:
#
# - **Risk ratio**: risk of death with the drug, divided by the risk without. Below 1 is better. An **odds ratio** does the same with odds (the dead divided by the survivors), a **rate ratio** or **hazard ratio** with how fast deaths come.
# - **95% interval**: the effects that the data do not contradict. If it holds 1, both benefit and harm, or nothing, remain possible.
# - **p < 0.05**: data like these, or stranger, would come up in fewer than 1 of 20 trials of a drug that does nothing.
# - **MAS-like**, **IL-6 type**, **Mild** ...: names of illnesses in the app; Mara's, Jonas's and Ana's are these three. MAS (macrophage activation syndrome) is the storm that the IL-1 loop drives.
# - **The truth**: what only a model can show, each patient under both arms.

# %% [markdown] explain explain
# ## Explain
#
# Most drugs here pull **one lever**; steroids and JAK inhibitors pull several. Three questions decide what comes of it. *Is the lever what drives this patient?* IL-1 drives Mara's illness and hardly Jonas's. *Is it the right time?* Early on, interferon and T cells hold the virus down; a steroid weakens both. Later the virus is going and inflammation does the harm. *Is enough of the drug there?* A drug that takes 1% of its target's work does nothing, however well it does in a dish.
#
# A doctor sees the three only dimly: a first day of symptoms, a laboratory sheet. That is why there are trials, and why a trial answers for its mixture of patients. The numbers in the diagram are the six controls.

# %% explain diagram
lesson.diagram()

# %% [markdown] explain explain-equations
# From the dose to the target, as the model writes it: one antibody and one old malaria drug.

# %% explain equations
lesson.equations()

# %% [markdown] bridge bridge
# ## The same in three lines
#
# Everything the app does can be written down. You will use these lines below.

# %% bridge three-lines
mara = cl.Patient("mas_like", label="Mara")
treated = mara.treat(cl.treatment("anakinra", day=7))
cl.compare(mara.run(), treated.run()).plot("il6", "ferritin", "lesion", "pf_ratio")

# %% [markdown] do do
# ## Do
#
# Four tasks. In each, change one line, run the cell with *Shift + Enter*, and read the answer. A wrong answer costs nothing; the check tries to tell you what happened, and hints open one after the other.

# %% [markdown] do t1
# ### {{ t1.title }}
#
# {{ t1.prompt }}

# %% do t1-run
patient = cl.Patient("il6_dysregulated")  # edit this line: this is Jonas
without = patient.run()["lesion"].sum()
drugs = ["anakinra", "canakinumab", "tocilizumab", "infliximab", "dexamethasone", "baricitinib"]
for drug in drugs:
    with_drug = patient.treat(cl.treatment(drug, day=7)).run()["lesion"].sum()
    print(f"{drug:14} {with_drug / without - 1:+.0%}")

# %% do t1-check
lesson.check("t1", ...)  # a list of names in quotes: ["one", "two"]

# %% [markdown] do t2
# ### {{ t2.title }}
#
# {{ t2.prompt }}

# %% do t2-run
jonas = cl.Patient("il6_dysregulated")
without = jonas.run()["lesion"].sum()
for day in [0, 2, 4, 6]:  # edit this line
    with_drug = jonas.treat(cl.treatment("dexamethasone", day=day)).run()["lesion"].sum()
    print(
        f"Started on day {day}: {with_drug / without - 1:+.1%} lung lesion over the whole illness"
    )

# %% do t2-check
lesson.check("t2", ...)  # put the first day with less lesion in place of the dots

# %% [markdown] do t3
# ### {{ t3.title }}
#
# {{ t3.prompt }}

# %% do t3-run
steroids = cl.evidence.trials().set_index("row_id").loc["STE-MA1"]
odds_ratio, risk = steroids["effect"], steroids["events_control"] / steroids["n_control"]
print(f"{steroids['study']}: odds ratio {odds_ratio}; {risk:.1%} died without steroids")
saved = ...  # edit this line: deaths prevented among 100 treated patients

# %% do t3-check
lesson.check("t3", saved)

# %% [markdown] do t4
# ### {{ t4.title }}
#
# {{ t4.prompt }}

# %% do t4-run
rows = cl.evidence.trials()
rows = rows[rows["row_id"].str.startswith("REACT6")]
dead, n = rows["events_treated"].sum(), rows["n_treated"].sum()
dead_control, n_control = rows["events_control"].sum(), rows["n_control"].sum()
added_up = (dead / (n - dead)) / (dead_control / (n_control - dead_control))
print(f"{len(rows)} rows. All events added up: odds ratio {added_up:.3f}")

# %% do t4-check
pooled = ...  # edit this line: rows.pool("odds ratio", "fixed", shared_controls="split").estimate
lesson.check("t4", pooled)

# %% [markdown] quiz quiz
# ## Quiz
#
# Seven questions. Each answer, right or wrong, tells you something. You may try again; your first answer is what the logbook remembers.

# %% quiz quiz-questions
lesson.quiz()

# %% [markdown] evidence evidence
# ## Evidence
#
# A model can be wrong, and this one is certainly incomplete. Here is what it shows beside what was found in patients, **for and against**. The letter says how firm the evidence is: A, replicated trials or measurements; B, several cohorts; C, one cohort or a mechanism; D, an assumption.
#
# VERIFIED means that the number was seen in a source when this lesson was written; MEMORY means that it was not, so check before you quote it.

# %% evidence cards
lesson.evidence()

# %% [markdown] evidence forest-intro
# All published comparisons of the course, to filter, to pool, and to add one by one (*view*: cumulative). Left of the line the treated do better.
#
# The first view shows drugs that block IL-6, pooled with *random effects*: small trials count for more, and the interval just holds 1. Choose the model *fixed effect*, as the WHO did, and it does not. Which is right is a judgement: do all these trials measure one and the same effect, or does it differ from trial to trial?
#
# Then take hydroxychloroquine, view *cumulative, smallest first*: when does the answer stop moving? And with JAK inhibitors?

# %% evidence forest
cl.evidence.trials().forest()

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
# What you have done, and the file that holds it. Run both cells again whenever you like.

# %% progress done
lesson.progress()

# %% progress save
lesson.save()

# %% [markdown] references references
# ## References
#
# The sources of the evidence above. **Next**: {{ next_file }}, {{ next_title }}.

# %% references sources
lesson.references()
