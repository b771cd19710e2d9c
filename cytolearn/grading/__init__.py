"""Assignments: a student's own patient, answers judged at once, and marking in a closed room."""

from cytolearn.grading.workbook import Workbook, assignment

__all__ = ["Workbook", "assignment"]
