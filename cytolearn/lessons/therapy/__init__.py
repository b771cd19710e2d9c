"""Lesson 5: anti-cytokine therapy and how to read a trial."""
