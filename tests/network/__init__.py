"""Tests of mnistspec.network."""
