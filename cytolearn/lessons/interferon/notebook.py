# Lesson 1, the page. Built into notebooks/ by `cytolearn build interferon`.
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

lesson = cl.lesson("interferon")
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
# First, the blood test. **If blood is drawn from Ana and Ben on the same day, who has more interferon?** Second, the drug. **On which days would an injection still help Ben?**
#
# Nothing is marked here. The app below stays closed until you have answered both, or skipped them.

# %% ask ask-p1
lesson.predict("p1")

# %% ask ask-p2
lesson.predict("p2")

# %% [markdown] see see
# ## See
#
# Here is the app. It shows Ben, with Ana in grey behind him. The list *Try this* leads you through it; take it one line at a time and watch one picture at a time. Nothing you do can break anything, and *Undo* takes back your last step. The sentences under the pictures say in words what the curves show.

# %% see explore
lesson.explore()

# %% [markdown] legend legend-curves
# ## Legend
#
# The six pictures. Days are counted from the first symptom (dotted line); the infection came five days earlier. Green is the normal range.
#
# {{ legend_curves }}
#
# *P/F ratio* is the pressure of oxygen in the blood divided by the share of oxygen in the air breathed. Healthy is above 400; below 300 the lung is in trouble.

# %% [markdown] legend legend-controls
# The six controls. The small mark under a slider is Ana's value. Click *source* to read where the number comes from, how sure we are of it, and what is usual.
#
# {{ legend_controls }}
#
# A **log₁₀** scale counts powers of ten: 7 means ten million, 8 a hundred million.

# %% [markdown] explain explain
# ## Explain
#
# Infected cells notice foreign RNA and ring an **alarm**. The alarm makes them, and specialised blood cells (plasmacytoid dendritic cells), release **type-I interferon**: a family of proteins (alpha, omega, beta) that all use one receptor. Neighbouring cells that hear it switch on several hundred **interferon-stimulated genes**, ISGs for short. In such cells the virus can hardly grow.
#
# So interferon fights no virus itself. It closes doors ahead of it. In Ana the doors to the lung are closed in time; in Ben few are closed, and when the virus is already inside.
#
# The numbers in the diagram are the six controls.

# %% explain diagram
lesson.diagram()

# %% [markdown] explain explain-equations
# Each sentence below is an equation of the model, with Ben's numbers. Later, try a patient of your own: `lesson.equations(cl.Patient("mild").but(ifn_response=0.1))`.

# %% explain equations
lesson.equations()

# %% [markdown] bridge bridge
# ## The same in three lines
#
# Everything the app does can be written down. A *patient* is who it is, a *run* is what happens, and *compare* lays runs over each other. You will use these three lines below.

# %% bridge three-lines
ana = cl.Patient("mild", label="Ana").run()
ben = cl.Patient("delayed_ifn", label="Ben").run()
cl.compare(ana, ben).plot("viral_load", "viral_load_lung", "ifn", "lesion")

# %% [markdown] do do
# ## Do
#
# Four tasks. In each, change one line, run the cell with *Shift + Enter*, and read the answer. A wrong answer costs nothing; the check tries to tell you what happened, and hints open one after the other.

# %% [markdown] do t1
# ### {{ t1.title }}
#
# {{ t1.prompt }}

# %% do t1-check
ana_peak, ben_peak = ana["viral_load_lung"].max(), ben["viral_load_lung"].max()
times_more = ...  # edit this line
lesson.check("t1", times_more)

# %% [markdown] do t2
# ### {{ t2.title }}
#
# {{ t2.prompt }}

# %% do t2-check
gap = ben["ifn"] - ana["ifn"]  # above zero: Ben has more
day = ...  # edit this line
lesson.check("t2", day)

# %% [markdown] do t3
# ### {{ t3.title }}
#
# {{ t3.prompt }}

# %% do t3-run
start = 0  # edit this line: 0, 1, 2 ...
treated = cl.Patient("delayed_ifn").treat(cl.treatment("ifn_beta_1a", day=start)).run()
left = treated["lesion"].max() / ben["lesion"].max()
print(f"Started on day {start}: {left:.0%} of the untreated peak lesion is left.")

# %% do t3-check
lesson.check("t3", ...)  # put the last useful day in place of the dots

# %% [markdown] do t4
# ### {{ t4.title }}
#
# {{ t4.prompt }}

# %% do t4-run
drug = cl.treatment("ifn_alpha2", day=0)  # edit this line
for name in ["ifn_inborn_error", "anti_ifn_autoantibodies", "ifnar_deficiency"]:
    patient = cl.Patient(name)
    left = patient.treat(drug).run()["lesion"].max() / patient.run()["lesion"].max()
    print(f"{name:24} {left:.0%} of the untreated peak lesion is left")

# %% do t4-check
lesson.check("t4", ...)  # a list of names in quotes: ["one", "two"]

# %% [markdown] quiz quiz
# ## Quiz
#
# Six questions. Each answer, right or wrong, tells you something. You may try again; your first answer is what the logbook remembers.

# %% quiz quiz-questions
lesson.quiz()

# %% [markdown] evidence evidence
# ## Evidence
#
# A model can be wrong, and this one is certainly incomplete. Here is what it shows beside what was found in patients, **for and against**. The letter says how firm the evidence is: A, replicated trials or measurements; B, several cohorts; C, one cohort or a mechanism; D, an assumption.
#
# In a ratio (of rates, hazards, odds or risks) 1 means no difference between the groups. The bracket behind it (95% CI) is the range that the data are compatible with.
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
