"""Analyze: many recordings, one after the other or side by side, in processes of their own."""
