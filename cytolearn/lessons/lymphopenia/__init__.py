"""Lesson 2: lymphopenia, or why a count is not a function."""
