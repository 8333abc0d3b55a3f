"""Tests of mnistspec.training."""
