"""The words of the language: one class is one word."""
