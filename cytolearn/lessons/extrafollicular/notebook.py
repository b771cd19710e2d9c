# Lesson 4, the page. Built into notebooks/ by `cytolearn build extrafollicular`.
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

lesson = cl.lesson("extrafollicular")
lesson

# %% [markdown] story story
# ## The story
#
# {{ story }}

# %% [markdown] predict predict
# ## Predict
#
# Commit yourself before you see anything; you will remember where you were wrong.
#
# First, the blood test. **Who has more antibody on day 10: Ana, who is nearly well, or Nora, who is not?** Second, a thought experiment. **What becomes of Nora's lung if her fast route is closed?**
#
# Nothing is marked here. The app below stays closed until you have answered both, or skipped them.

# %% ask ask-p1
lesson.predict("p1")

# %% ask ask-p2
lesson.predict("p2")

# %% [markdown] see see
# ## See
#
# The app shows Nora, with Ana in grey behind her. The list *Try this* leads you through it, one line at a time; four tabs belong to it. Nothing you do can break anything, and *Undo* takes back your last step. The sentences under the pictures say in words what they show.

# %% see explore
lesson.explore()

# %% [markdown] legend legend-curves
# ## Legend
#
# The six pictures. Days are counted from the first symptom (dotted line); the infection came five days earlier. Green is the normal range.
#
# {{ legend_curves }}
#
# *AU* are arbitrary units: they compare people within this model and nothing else. 15 AU of neutralising antibody halve infection.

# %% [markdown] legend legend-controls
# The six controls. The small mark under a slider is Ana's value. Click *source* to read where the number comes from and how sure we are of it.
#
# {{ legend_controls }}
#
# **DN2 cells** are the B cells of the fast route just before they become plasmablasts. *Double-negative* means without the markers IgD and CD27; DN2 cells also lack CXCR5, and carry CD11c. **Flow cytometry** (tab *Find the DN2 cells*) measures how brightly single cells glow after antibodies with a dye have stuck to their markers. To **gate** is to draw the border between 'has the marker' (+) and 'has it not' (-).

# %% [markdown] explain explain
# ## Explain
#
# A **B cell** that meets its antigen has two routes. On the fast one, outside the follicles of the lymph node (**extrafollicular**), it becomes a **plasmablast** within days and pours out antibody as it is: weak, and with few checks that it spares the body. On the slow one it enters a **germinal centre**, where B cells compete for weeks; those that bind the virus best, and not the body, survive.
#
# The fast route bridges the gap. It may become a problem when it is large, lasts, and the germinal centre stays closed. In severe patients these go together; the app shows what each does by itself.
#
# The numbers in the diagram are the six controls.

# %% explain diagram
lesson.diagram()

# %% [markdown] explain explain-equations
# These sentences are equations in the model. The numbers are Nora's. Later, try Lucy: `lesson.equations(cl.Patient("lupus_like"))`. *Heard* means the share of receptors that answer, between 0 and 1.

# %% explain equations
lesson.equations()

# %% [markdown] bridge bridge
# ## The same in three lines
#
# Everything the app does can be written down. You will use these two runs below.

# %% bridge three-lines
ana = cl.Patient("mild", label="Ana").run()
nora = cl.Patient("extrafollicular", label="Nora").run()
cl.compare(ana, nora).plot("viral_load_lung", "nab", "auto_ab", "lesion")

# %% [markdown] do do
# ## Do
#
# Four tasks. In each, change one line, run the cell with *Shift + Enter*, and read the answer. A wrong answer costs nothing; hints open one after the other.

# %% [markdown] do t1
# ### {{ t1.title }}
#
# {{ t1.prompt }}

# %% do t1-check
enough = 15  # AU of neutralising antibody that halve infection
ana_day = ana["nab"].gt(enough).idxmax()
nora_day = nora["nab"].gt(enough).idxmax()
days_earlier = ...  # edit this line
lesson.check("t1", days_earlier)

# %% [markdown] do t2
# ### {{ t2.title }}
#
# {{ t2.prompt }}

# %% do t2-run
for bias in [1, 4]:  # edit this line: other numbers from 0 to 8
    run = cl.Patient("extrafollicular").but(ef_bias=bias).run()
    lesion, own = run["lesion"].max(), run["auto_ab"].max()
    print(f"Bias {bias}: lesion {lesion:.1f}% of the lung, self-reactive antibody {own:.0f} AU.")

# %% do t2-check
lesson.check("t2", ...)  # put the best bias in place of the dots

# %% [markdown] do t3
# ### {{ t3.title }}
#
# {{ t3.prompt }}

# %% do t3-run
drug = "convalescent_plasma"  # later, try "dexamethasone"
for day in [9]:  # edit this line
    treated = cl.Patient("extrafollicular").treat(cl.treatment(drug, day=day)).run()
    left = treated["lesion"].max() / nora["lesion"].max()
    print(f"Given from day {day}: {left:.1%} of the untreated peak lesion is left.")

# %% do t3-check
lesson.check("t3", ...)  # a list of names in quotes: ["day_0", "day_9"]

# %% [markdown] do t4
# ### {{ t4.title }}
#
# {{ t4.prompt }}

# %% do t4-check
carriers, others = 20, 980  # of 1,000 people
true_positive, false_positive = carriers * 0.90, others * (1 - 0.90)
percent_true = ...  # edit this line
lesson.check("t4", percent_true)

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
