"""Who a student's patient is: a code from a course secret, constants from the code.

The instructor makes each student's code with the secret of the course; everything else follows
from the code alone, the same on every machine and with either solver. Whoever does not know the
secret can neither guess another student's code nor choose a patient.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Any

from cytolearn.lessons.exercises import Case, load_exercise, model_of
from cytolearn.patients import Patient

#: No letter or digit that is easily mistaken for another. A prime number of them, so that the
#: last one, a weighted sum of the others, notices every wrong letter and every swapped pair.
LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
LENGTH = 8
TRIES = 200
#: The public practice patient: what `student_code` gives the student "practice" of the secret
#: "practice". Written down, so that opening an assignment needs no search.
PRACTICE_CODE = "4te5ksjz"


def student_code(secret: str, student: str, assignments: Iterable[str]) -> str:
    """Return a student's code: letters from HMAC-SHA256(secret, student).

    A code whose patient would make a question of one of the assignments ambiguous is passed over
    for the next, so that nobody has to look for that later.

    Parameters
    ----------
    secret : str
        Secret of the course.
    student : str
        Id of the student in the roster.
    assignments : iterable of str
        Ids of the assignments that the patient must suit. `assign` names all of the package, so
        that the code serves whichever comes later.

    Raises
    ------
    ValueError
        If the secret or the id is empty, or no suitable patient was found.
    """
    if not secret or not student.strip():
        raise ValueError("A code needs a secret and a student id; one of them is empty.")
    names = tuple(assignments)
    for attempt in range(TRIES):
        message = f"{student.strip()}\n{attempt}".encode()
        digest = int.from_bytes(hmac.new(secret.encode(), message, hashlib.sha256).digest())
        body = "".join(LETTERS[digest // 31**k % 31] for k in range(LENGTH - 1))
        code = body + _check_letter(body)
        if not any(code_problems(code, name) for name in names):
            return code
    raise ValueError(f"No suitable patient for '{student}' in {TRIES} tries; report this, please.")


def code_problems(code: str, name: str) -> list[str]:
    """Return why the patient of a code would make a question of an assignment ambiguous."""
    return model_of(name).unsuitable(case_of(code, name))


def read_code(given: object) -> str:
    """Return a code as it was meant: small letters, no spaces or dashes; "" for the practice one.

    Raises
    ------
    ValueError
        If it cannot be a code; a single wrong letter is always noticed.
    """
    if not isinstance(given, str):
        raise ValueError(f"Your code is a text in quotes, of {LENGTH} letters; you gave {given!r}.")
    code = "".join(given.split()).replace("-", "").lower()
    if not code:
        return ""
    strange = sorted(set(code) - set(LETTERS))
    if len(code) != LENGTH or strange or code[-1] != _check_letter(code[:-1]):
        raise ValueError(
            f"You gave the code '{given[:40]}', which has a mistake in it. A code has "
            f"{LENGTH} letters and digits; "
            'copy it once more from your instructor\'s list. With code="" you get the '
            "practice patient."
        )
    return code


def case_of(code: str, name: str, engine: str | None = None) -> Case:
    """Return a student's patient and own numbers for an assignment.

    Parameters
    ----------
    code : str
        As `read_code` returns it; "" for the practice patient.
    name : str
        Id of the assignment.
    engine : str, optional
        Solver; None takes the default.
    """
    code = code or PRACTICE_CODE
    content = load_exercise(name)
    spec: Mapping[str, Any] = content["patient"]
    drawn = {
        symbol: round(low + (high - low) * _uniform(code, name, symbol), int(decimals))
        for symbol, (low, high, decimals) in spec["ranges"].items()
    }
    given = {
        key: choices[int(len(choices) * _uniform(code, name, key))]
        for key, choices in content["given"].items()
    }
    return Case(Patient(spec["preset"], label="Your patient", **drawn), given, engine)


def _uniform(code: str, *words: str) -> float:
    """Return a number in [0, 1) that depends on the code and on what it is for."""
    digest = hashlib.sha256("\n".join((code, *words)).encode()).digest()
    return int.from_bytes(digest[:6]) / 2**48


def _check_letter(body: str) -> str:
    weights = range(1, len(body) + 1)
    return LETTERS[sum(w * LETTERS.find(letter) for w, letter in zip(weights, body)) % len(LETTERS)]
