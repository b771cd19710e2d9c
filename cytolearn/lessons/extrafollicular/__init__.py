"""Lesson 4: extrafollicular B cells."""
