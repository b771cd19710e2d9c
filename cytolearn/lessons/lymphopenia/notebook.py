# Lesson 2, the page. Built into notebooks/ by `cytolearn build lymphopenia`.
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

lesson = cl.lesson("lymphopenia")
lesson

# %% [markdown] story story
# ## The story
#
# {{ story }}

# %% [markdown] predict predict
# ## Predict
#
# Before you see anything, commit yourself. A prediction that turns out wrong is worth more than none: you will remember why.
#
# First, the two patients. **Whose blood count comes back first?** Second, a ward. **What happens to twelve patients who are enrolled when their counts are low, and get nothing?**
#
# Nothing is marked here. The app below stays closed until you have answered both, or skipped them.

# %% ask ask-p1
lesson.predict("p1")

# %% ask ask-p2
lesson.predict("p2")

# %% [markdown] see see
# ## See
#
# Here is the app. It shows Dev, with Vera in grey behind him. The list *Try this* leads you through it, one tab after the other; take it one line at a time. Nothing you do can break anything, and *Undo* takes back your last step. The sentences under the pictures say in words what the curves show.

# %% see explore
lesson.explore()

# %% [markdown] legend legend-curves
# ## Legend
#
# The six pictures. Days are counted from the first symptom (dotted line); the infection came five days earlier. Green is the normal range.
#
# {{ legend_curves }}

# %% [markdown] legend legend-controls
# The six controls. The small mark under a slider is Vera's value. Click *source* to read where the number comes from, how sure we are of it, and what is usual.
#
# {{ legend_controls }}
#
# Counts are given as 10⁹ cells per litre. *Killing power* is what all killer cells and natural killer cells do together, as a rate: at 1 per day they would remove about two thirds of the infected cells within a day.

# %% [markdown] explain explain
# ## Explain
#
# A blood count looks through a keyhole. Lymphocytes are born in marrow and thymus, but at any time most of them sit in tissue; the blood is the road between. (The model follows the travellers only: those that are on the road when you are well.) A count falls when cells **leave the road**, when they **die**, or when fewer **arrive**. Inflammation does the first two at once.
#
# **IL-7** keeps T cells alive and makes them divide. The body makes it at a steady rate and T cells use it up, so it rises by itself when they are few. As a drug it is called CYT107.
#
# The numbers in the diagram are the six controls.

# %% explain diagram
lesson.diagram()

# %% [markdown] explain explain-equations
# These sentences are equations in the model. The numbers are Dev's: those that differ from the usual ones are marked. You can ask for anybody's, as in `lesson.equations(cl.Patient("mild"))`.
#
# *Heard* means the share of receptors that answer, between 0 and 1; IL-7 and IL-10 without this word are in pg/mL.

# %% explain equations
lesson.equations()

# %% [markdown] bridge bridge
# ## The same in three lines
#
# Vera and Dev are one kind of patient (a severe course after late interferon) with two constants changed. You will use these runs below.

# %% bridge three-lines
vera = cl.Patient("delayed_ifn", label="Vera", homing_max=0.9, lymphocyte_death=0.11)
dev = vera.but(label="Dev", homing_max=0.1, lymphocyte_death=0.61)
vera_run, dev_run = vera.run(), dev.run()
cl.compare(vera_run, dev_run).plot("alc", "viral_load_lung", "pd1", "il7")

# %% [markdown] do do
# ## Do
#
# Four tasks. In each, change one line, run the cell with *Shift + Enter*, and read the answer. A wrong answer costs nothing; the check tries to tell you what happened, and hints open one after the other.

# %% [markdown] do t1
# ### {{ t1.title }}
#
# {{ t1.prompt }}

# %% do t1-check
pools = ["cd4_pool", "cd8_pool", "nk_pool", "b_pool"]
vera_cells = sum(vera_run[pool].loc[14] for pool in pools)
dev_cells = sum(dev_run[pool].loc[14] for pool in pools)
times_more = ...                        # edit this line
lesson.check("t1", times_more)

# %% [markdown] do t2
# ### {{ t2.title }}
#
# {{ t2.prompt }}

# %% do t2-check
pd1, killing = vera_run["pd1"], vera_run["killing"]
early = 7
late = (pd1.loc[10:20] - pd1.loc[early]).abs().idxmin()
print(f"PD-1 is {pd1.loc[early]:.0f}% on day {early} and {pd1.loc[late]:.0f}% on day {late:.0f}.")
times_as_strong = ...                   # edit this line
lesson.check("t2", times_as_strong)

# %% [markdown] do t3
# ### {{ t3.title }}
#
# {{ t3.prompt }}

# %% do t3-check
treated = vera.treat(cl.treatment("il7", day=10)).run()
without, with_drug = vera_run["alc"], treated["alc"]
print(f"Day 10: {without.loc[10]:.2f}. Day 24: {with_drug.loc[24]:.2f} with IL-7.")
per_cent = ...                          # edit this line
lesson.check("t3", per_cent)

# %% [markdown] do t4
# ### {{ t4.title }}
#
# {{ t4.prompt }}

# %% do t4-run
usual = [2, 2.5]                        # edit this line
for number in usual:
    run = vera.but(neutrophils_normal=number).run()
    count, neutrophils = run["alc"].loc[10], run["neutrophils"].loc[10]
    share = 100 * count / (count + neutrophils)
    print(f"usual neutrophils {number}: count {count:.2f}, lymphocytes {share:.1f}%")

# %% do t4-check
lesson.check("t4", ...)                 # put the number in place of the dots

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
# The sources of the evidence above. All technical terms: [glossary](glossary.md). **Next**: [{{ next_file }}]({{ next_file }}.ipynb), {{ next_title }}.

# %% references sources
lesson.references()
