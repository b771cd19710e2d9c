"""Lessons: one folder each with its page (notebook.py), its content and its computed checks."""

from cytolearn.lessons.lesson import Lesson, lesson
from cytolearn.lessons.logbook import Logbook, LogbookWarning

__all__ = ["Lesson", "Logbook", "LogbookWarning", "lesson"]
