"""The accelerated training step, behind one door: acceleration."""
