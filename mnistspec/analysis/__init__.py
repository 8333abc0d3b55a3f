"""Runs together: collected, compared, and what a report says of them."""
