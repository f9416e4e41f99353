"""Evaluation: the field's own arithmetic, folds that keep subjects apart, and what a trivial guess would score."""
