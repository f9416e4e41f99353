"""A study: many sessions as one table, agreement between their coders, and plots."""

from realtime.session.schema import UNNAMED

PROGRAM = "MEDN"
"""The coder of what the program found by itself."""
REVIEW = UNNAMED
"""The person who reviewed a session in the app, where nobody gave their name."""
