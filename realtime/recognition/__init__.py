"""The second stage: what MEDN recognizes in a candidate, and the classifier that accepts or rejects it."""
