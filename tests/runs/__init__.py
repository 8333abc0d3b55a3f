"""Tests of run folders, sweeps and comparisons."""
