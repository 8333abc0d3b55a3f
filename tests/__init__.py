"""Tests of mnistspec."""
