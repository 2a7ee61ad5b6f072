"""The kinds of values that a sample can describe."""
