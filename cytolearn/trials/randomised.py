"""The virtual randomised trial: one function from a question to a result."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from cytolearn.patients.workers import Flag, Store, Workers
from cytolearn.treatments import Treatment
from cytolearn.trials.design import planned
from cytolearn.trials.enrolment import allocate, enrol
from cytolearn.trials.results import TrialResult

if TYPE_CHECKING:
    from concurrent.futures import Executor


def trial(
    control: Treatment | Iterable[Treatment] | None = (),
    treated: Treatment | Iterable[Treatment] = (),
    n: int = 2000,
    where: str | None = None,
    seed: int = 1,
    *,
    arms: Mapping[str, Iterable[Treatment]] | None = None,
    day: float | tuple[float, float] | None = None,
    background: Iterable[Treatment | tuple[Treatment, float]] = (),
    allocation: float | Sequence[int] = 1,
    stratify: str | Iterable[str] | None = None,
    follow_up: int = 28,
    constants: Mapping[str, float] | None = None,
    assay_noise: bool = True,
    most_screened: int | None = None,
    engine: str | None = None,
    executor: Executor | None = None,
    progress: bool | Callable[[int, int], None] = True,
    store: str | os.PathLike | Store | None = None,
    cancel: Flag | None = None,
) -> TrialResult:
    """Run a virtual randomised trial.

    Candidates are virtual patients (`cytolearn.population`). They are screened day by day as a
    doctor would: laboratory values carry assay noise. Who meets the entry rule and is alive
    enters, is randomised, and is followed. The model gives each patient's course; who dies is
    drawn from a stated map of risk (an assumption, badge D). Not for clinical use.

    Parameters
    ----------
    control, treated : treatment or iterable of treatment
        What each arm is given. Nothing means usual care only.
    n : int
        Patients to randomise, 2 to 200,000.
    where : str, optional
        Entry rule over laboratory readouts, traits (``age``, ``weight`` ...), ``day``,
        ``support`` (0 no oxygen, 1 oxygen, 2 non-invasive, 3 ventilation), ``severity``
        ("outpatient", "moderate", "severe", "critical"; the worst up to that day), ``who`` (WHO
        scale, 4 and more in hospital) and ``on_<drug>`` for usual care. Everybody by default.
    seed : int
        Of candidates, laboratory noise, allocation and chance.
    arms : mapping of str to iterable of treatment, optional
        In place of `control` and `treated`: 2 to 6 named arms, the first is the control.
    day : int or (int, int), optional
        Day of screening and entry, in days since symptom onset; by default the day of the first
        dose of any arm. With ``(first, last)`` each patient enters on the first day on which the
        rule holds, and all treatments move so that the earliest dose is given on that day.
    background : iterable of treatment or (treatment, share)
        Usual care in all arms, given to everybody or to a share of patients, drawn at random:
        ``[(cl.treatment("dexamethasone", day=8), 0.8)]``.
    allocation : float or sequence of int
        Patients treated for each control; with several arms, shares such as ``(2, 1, 1)``.
    stratify : str or iterable of str, optional
        Rules or columns for the stratified analysis.
    follow_up : int
        Days from entry, 1 to 180.
    constants : mapping of str to float, optional
        Constants of the model changed for everybody; see `Population`.
    assay_noise : bool
        Whether values at screening carry assay noise.
    most_screened : int, optional
        Most candidates to look at; 100 for each patient by default.
    engine : {None, "roadrunner", "scipy"}
        Who solves the equations.
    executor : concurrent.futures.Executor, optional
        Where to run; local processes by default, ``dask.distributed.Client().get_executor()``
        for a cluster. The numbers do not depend on it.
    progress : bool or callable(done, total)
        Show progress bars, or call back.
    store : str or path, optional
        Folder that keeps finished courses (Parquet, needs pyarrow): a trial that was stopped goes
        on from there, and trials that share patients share their courses.
    cancel : threading.Event, optional
        Once it is set, the trial stops with `Cancelled`.

    Returns
    -------
    TrialResult
        ``.summary()``, ``.table()``, ``.effect()``, ``.patients``, ``.subgroups()``,
        ``.counterfactual()``, ``.again(seed)``, ``.plot()``.

    Raises
    ------
    TypeError
        What is given is no treatment, the executor no executor.
    ValueError
        Impossible numbers, an unknown column, arms that are the same, a dose before entry, or too
        few candidates who meet the rule (how many of how many did, and what to loosen).
    Cancelled, SimulationError, RuntimeError
        Stopped; a solver gave up; workers died again and again.

    Examples
    --------
    >>> import cytolearn as cl
    >>> drug = cl.treatment("tocilizumab", day=9)
    >>> found = cl.trial(treated=[drug], n=200, where="crp > 75 and support >= 1")  # doctest: +SKIP
    >>> print(found.effect("death_28", "risk_ratio"))                               # doctest: +SKIP
    """
    design = planned(
        control,
        treated,
        n,
        where,
        seed,
        arms=arms,
        day=day,
        background=background,
        allocation=allocation,
        stratify=stratify,
        follow_up=follow_up,
        constants=constants,
        assay_noise=assay_noise,
        most_screened=most_screened,
        engine=engine,
    )
    with Workers(executor, progress, cancel, store) as workers:
        enrolment = enrol(design, workers)
        arm_of = allocate(design.seed, design.n, design.shares)
        enrolment.courses.solve(
            {name: np.flatnonzero(arm_of == i) for i, name in enumerate(design.arms)}, workers
        )
    return TrialResult(design, enrolment, np.arange(design.n), arm_of, design.seed)
