"""MEDN: the micro-expression network, what it is fed, what it is trained on and how it is judged."""

__version__ = "0.1.0"
