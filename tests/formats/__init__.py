"""Tests of mnistspec.formats."""
