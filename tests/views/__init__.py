"""Tests of the tables and pictures."""
