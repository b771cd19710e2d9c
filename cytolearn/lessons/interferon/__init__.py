"""Lesson 1: interferon deficiency."""
