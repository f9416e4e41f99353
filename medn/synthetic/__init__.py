"""Simulated faces: portraits moved by known action units, and what is made of them."""
