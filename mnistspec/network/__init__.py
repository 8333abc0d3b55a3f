"""From a spec to a network, and what it is in numbers."""
