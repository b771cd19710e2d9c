"""Lesson 6: treat the ward, the capstone."""
