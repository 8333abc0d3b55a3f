"""Runs together: collected, compared, and what a report tells of them."""
