"""The spec language: strict YAML to a checked Spec, without torch."""
