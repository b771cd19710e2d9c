"""Lesson 3: cytokine storm."""
