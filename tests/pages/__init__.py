"""Tests of the pages for the browser."""
