"""Tests of mnistspec.spec."""
