# Lesson 3, the page. Built into notebooks/ by `cytolearn build storm`.
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

lesson = cl.lesson("storm")
lesson

# %% [markdown] story story
# ## The story
#
# {{ story }}

# %% [markdown] predict predict
# ## Predict
#
# Commit yourself before you see anything. First, the loop. **Would Mara's strong inflammasome make a storm in Tess?** Second, the drug. **What do IL-6, CRP and the lung do when the receptor of IL-6 is blocked?**
#
# Nothing is marked here. The app below stays closed until you have answered both, or skipped them.

# %% ask ask-p1
lesson.predict("p1")

# %% ask ask-p2
lesson.predict("p2")

# %% [markdown] see see
# ## See
#
# The app shows Mara, with Tess in grey behind her; a button shows Jonas. Take *Try this* one line at a time. The four tabs belong to it: the *phase plane* draws two quantities against each other instead of against time, the *network* shows who drives whom on one day, the *six definitions* judge one laboratory sheet, and the last tab asks how big a storm is. Nothing you do can break anything, and *Undo* takes back your last step.

# %% see explore
lesson.explore()

# %% [markdown] legend legend-curves
# ## Legend
#
# The six pictures. Days are counted from the first symptom (dotted line); the infection came five days earlier. Green is the normal range.
#
# {{ legend_curves }}

# %% [markdown] legend legend-controls
# The six controls. The small mark under a slider is Tess's value. Click *source* to read where the number comes from, how sure we are of it, and what is usual.
#
# {{ legend_controls }}
#
# *Anakinra* blocks the receptor of IL-1, *tocilizumab* that of IL-6, *infliximab* catches TNF, and *dexamethasone* is a steroid that turns down much at once.

# %% [markdown] explain explain
# ## Explain
#
# A **feedback loop** is a circle of causes: macrophages release messengers, and the messengers call more macrophages. Going round once multiplies what was there. If each round gives back less than went in, the fire dies; if more, it grows until something runs out or a brake takes hold. Between the two lies a **tipping point**, and near it small differences become large ones (in this model inside the loop, less so in the lung).
#
# Two loops share the macrophages. One runs through the *inflammasome*, IL-1, IL-18 and interferon gamma; its mark is ferritin. The other runs through IL-6; its marks are CRP, and monocytes that lose HLA-DR. The numbers in the diagram are the six controls.

# %% explain diagram
lesson.diagram()

# %% [markdown] explain explain-equations
# These sentences are equations in the model. The numbers are Mara's; try Jonas's with `lesson.equations(cl.Patient("il6_dysregulated"))`. *Heard* means the share of receptors that answer, between 0 and 1; IL-6 and IL-10 without this word are in pg/mL.

# %% explain equations
lesson.equations()

# %% [markdown] bridge bridge
# ## The same in three lines
#
# Everything the app does can be written down. You will use these lines below.

# %% bridge three-lines
mara = cl.Patient("mas_like", label="Mara").run()
jonas = cl.Patient("il6_dysregulated", label="Jonas").run()
cl.compare(mara, jonas).plot("il6", "ferritin", "hla_dr", "lesion")

# %% [markdown] bridge bridge-criteria
# A laboratory sheet is one line more, and so are the six verdicts on it. *True*: a case. *False*: not a case. *None*: cannot be decided, because a test was not done (its points are what the other tests give). *Points* are compared with the *cutoff*; each rule counts its own. *Inpatient*: what the model does not make, such as fever and liver values, is assumed to be that of a feverish patient in hospital. The names of the rules are in the [glossary](glossary.md).

# %% bridge verdicts
verdicts = cl.criteria.classify(mara.labs(12), assume="inpatient")
verdicts.set_index("title")[["verdict", "points", "cutoff"]]

# %% [markdown] do do
# ## Do
#
# Four tasks. In each, change one line, run the cell with *Shift + Enter*, and read the answer. A wrong answer costs nothing; the check tries to tell you what happened, and hints open one after the other.

# %% [markdown] do t1
# ### {{ t1.title }}
#
# {{ t1.prompt }}

# %% do t1-run
gain = 1.0                              # edit this line: 1.5, 2.0, 2.5 ...
run = cl.Patient("mas_like").but(mas_gain=gain).run()
print(f"Gain {gain}: ferritin peaks at {run['ferritin'].max():,.0f} ng/mL,",
      f"lowest P/F ratio {run['pf_ratio'].min():.0f} mmHg")

# %% do t1-check
lesson.check("t1", ...)                 # put the smallest gain in place of the dots

# %% [markdown] do t2
# ### {{ t2.title }}
#
# {{ t2.prompt }}

# %% do t2-run
drug = cl.treatment("tocilizumab", day=7)
treated = cl.Patient("il6_dysregulated").treat(drug).run()
crp_without, crp_with = jonas.at(14)["crp"], treated.at(14)["crp"]
for name in ["crp", "lesion", "il6"]:
    print(f"{name:7} without {jonas.at(14)[name]:6.1f}   with {treated.at(14)[name]:6.1f}")

# %% do t2-check
percent_lower = ...                     # edit this line
lesson.check("t2", percent_lower)

# %% [markdown] do t3
# ### {{ t3.title }}
#
# {{ t3.prompt }}

# %% do t3-run
from statsmodels.stats.proportion import proportion_confint

low, high = proportion_confint(8, 11, method="normal")      # edit this line
print(f"8 of 11 is {8 / 11:.0%}; compatible with {low:.1%} to {high:.1%}")

# %% do t3-check
lesson.check("t3", ...)                 # the lower end, in per cent

# %% [markdown] do t4
# ### {{ t4.title }}
#
# {{ t4.prompt }}

# %% do t4-ward
from cytolearn.clinic import death_risk

people = cl.population(2500, seed=3)
ward = people.only(people.traits.query("viral_antagonism > 0.85 and sensing_delay > 2.5").index)
def risk(run):
    return death_risk(run.days, run["lesion"], run["infection_hazard"], run.traits["age"])
untreated = ward.run(progress=False)
high = (untreated.at(8)["ferritin"] > untreated.at(8)["ferritin"].median()).to_numpy()

# %% do t4-run
drug = "tocilizumab"                    # edit this line
treated = ward.treat(cl.treatment(drug, day=8)).run(progress=False)
for name, group in {"high": high, "low": ~high}.items():
    without, with_drug = risk(untreated)[group].mean(), risk(treated)[group].mean()
    print(f"{name:4} ferritin: {without:.1%} would die; {drug}: risk ratio {with_drug / without:.2f}")

# %% do t4-check
lesson.check("t4", ...)                 # "tocilizumab", "anakinra", "both" or "neither"

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
