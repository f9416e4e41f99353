"""A study: many sessions as one table, agreement between their coders, and plots."""

PROGRAM = "MEDN"
"""The coder of what the program found by itself."""
REVIEW = "review"
"""The person who reviewed a session in the app, where nobody gave their name."""
