"""The network itself: one file per idea."""
