"""Evaluation of the pipeline against ground truth, the training of the spotter's classifier, and the demo."""
