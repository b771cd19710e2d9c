"""Lesson 0: the virtual patient, the pictures, the logbook."""
