# Lesson 0, the page. Built into notebooks/ by `cytolearn build orientation`.
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
# **Try it now.** Click into the first grey box and press *Shift + Enter* twice. You have given Rosa, who is 80 and ill, a steroid on day 8 after her first symptom: her lung suffers less (left picture) and takes up more oxygen (right). Is earlier better still? Make the 8 a 1 and press *Shift + Enter*. (A coloured box is no error here: the course warns you, as a colleague would.)
#
# {{ needs }}
#
# After this lesson you can
#
# {{ objectives }}

# %% setup setup
import cytolearn as cl

lesson = cl.lesson("orientation")

# %% setup first-run
rosa = cl.Patient("older_adult", label="Rosa")
steroid = cl.treatment("dexamethasone", day=8)  # make the 8 a 1
cl.compare(rosa, rosa.treat(steroid)).plot("lesion", "pf_ratio")

# %% [markdown] story story
# ## The story
#
# {{ story }}

# %% [markdown] predict predict
# ## Predict
#
# You have had one surprise. Here is how this course makes more of them: **before you see, you say what you expect.** A prediction that turns out wrong is worth more than none.
#
# Choose an answer and press *Lock in my prediction*. Nothing is marked. The app below stays closed until both are answered or skipped.

# %% ask ask-p1
lesson.predict("p1")

# %% ask ask-p2
lesson.predict("p2")

# %% [markdown] see see
# ## See
#
# Here is the app. First comes what you can change, then what happens when you do. *Try this* leads you; take it one line at a time. Nothing can break, and *Undo* takes back your last step.
#
# Every slider has a number box (click, type, *Enter*), and with the arrow keys you go in small steps. The mark under it is where it started. *source* tells where the number comes from and how sure we are.

# %% see explore
lesson.explore()

# %% [markdown] legend legend-curves
# ## Legend
#
# The six pictures. Day 0 is the first symptom (dotted line); the infection came five days earlier. Green is the normal range. Blue is the patient as set now, dotted blue the same without treatment, dashed grey where you started.
#
# {{ legend_curves }}
#
# A word that you do not know? It is in the [glossary](glossary.md).

# %% [markdown] legend legend-controls
# The four controls, and Rosa's values in the app.
#
# {{ legend_controls }}
#
# A **log₁₀** scale counts powers of ten: 7 means ten million, 8 a hundred million.

# %% [markdown] explain explain
# ## Explain
#
# Behind the pictures are equations that say how fast each thing changes: virus grows in cells, cells die, signals are made and cleared. The computer follows them day by day. Nothing else is in there: no data of a patient, no database, no chance.
#
# The drawing shows the four places of the model, what is measured in each (green), and the three brakes of dexamethasone (orange).

# %% explain diagram
lesson.diagram()

# %% [markdown] explain explain-equations
# Three of the equations, with Rosa's numbers. These are the last step, from the inside of the body to a number on a laboratory sheet.

# %% explain equations
lesson.equations()

# %% [markdown] bridge bridge
# ## The same in three lines
#
# Everything the app does can be written down; its tab *Code and files* does so for you. A *patient* is who it is, a *treatment* what is given and when, a *run* what happens, and *compare* lays runs over each other. You will use these lines below.

# %% bridge three-lines
untreated = rosa.run()
late = rosa.treat(cl.treatment("dexamethasone", day=8)).run()
cl.compare(untreated, late).plot("viral_load", "il6", "lesion", "pf_ratio")

# %% [markdown] bridge explain-word
# A word that the course uses can be asked for, too. Put another between the quotes: P/F ratio, cytokine, log10.

# %% bridge word
from cytolearn.lessons.glossary import explain

explain("dexamethasone")

# %% [markdown] do do
# ## Do
#
# Four tasks. In each, change one line, run the cell with *Shift + Enter*, and read the answer. A wrong answer costs nothing; the check tries to tell you what happened, and hints open one after the other.

# %% [markdown] do t1
# ### {{ t1.title }}
#
# {{ t1.prompt }}

# %% do t1-check
height = untreated["lesion"].max()  # the peak, in per cent of the lung
day = ...  # edit this line
lesson.check("t1", day)

# %% [markdown] do t2
# ### {{ t2.title }}
#
# {{ t2.prompt }}

# %% do t2-check
late = rosa.treat(cl.treatment("dexamethasone", day=8)).run()
gained = ...  # edit this line
lesson.check("t2", gained)

# %% [markdown] do t3
# ### {{ t3.title }}
#
# {{ t3.prompt }}

# %% do t3-check
people = cl.population(100, seed=1).run(progress=False)
lowest = people["pf_ratio"].min(axis=1)
never = ...  # edit this line
lesson.check("t3", never)

# %% [markdown] do t4
# ### {{ t4.title }}
#
# {{ t4.prompt }}

# %% do t4-run
from cytolearn.credibility import ensemble

steroid = cl.treatment("dexamethasone", day=8)  # edit this line
better = 0
for constants in ensemble()[:25]:
    other = rosa.but(**constants)
    better += other.treat(steroid).run()["lesion"].max() < other.run()["lesion"].max()
print(f"Her worst day is better in {better} of 25 models.")

# %% do t4-check
lesson.check("t4", ...)  # a number in place of the dots

# %% [markdown] quiz quiz
# ## Quiz
#
# Six questions. Each answer, right or wrong, tells you something. You may try again; your first answer is what the logbook remembers.

# %% quiz quiz-questions
lesson.quiz()

# %% [markdown] evidence evidence
# ## Evidence
#
# A model can be wrong, and this one is certainly incomplete. So each lesson sets what it shows beside what was found in patients, **for and against**. The letter says how firm the evidence is: A, replicated trials or measurements; B, several cohorts; C, one cohort or a mechanism; D, an assumption.
#
# A **rate ratio** of 0.64 means 36% fewer deaths per day among the treated. The bracket behind it (95% CI) is the range of values that the data are compatible with; if it contains 1, no effect at all is possible, too.
#
# VERIFIED means that the number was seen in a source when this lesson was written; MEMORY means that it was not, so check before you quote it.

# %% evidence cards
lesson.evidence()

# %% [markdown] key-points key-points
# ## Key points
#
# {{ key_points }}
#
# **What the model cannot say**
#
# {{ limits }}
#
# *{{ disclaimer }}*

# %% [markdown] progress progress
# ## Progress
#
# **A tour of the logbook.** The first box below says what you have done, of all steps of this lesson. The second writes your answers to the file and shows a link: click it, and the file is yours. Run both again whenever you like.

# %% progress done
lesson.progress()

# %% progress save
lesson.save()

# %% [markdown] progress load-words
# On another computer, or in a new Binder session, upload the file (drag it into the list of files on the left), open any lesson and load it: `lesson.load("cytolearn_logbook.json")`. Nothing is overwritten: answers are added to those that are there, and every try is kept with its time. The cell below loads the very logbook that you are using, so it finds nothing new; to load another file, put its name, in quotes, between the brackets.

# %% progress load
lesson.load(lesson.logbook.as_dict())

# %% [markdown] references references
# ## References
#
# The sources of the evidence above. All technical terms: [glossary](glossary.md). **Next**: [{{ next_file }}]({{ next_file }}.ipynb), {{ next_title }}.

# %% references sources
lesson.references()
