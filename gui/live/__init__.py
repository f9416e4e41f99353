"""The Live workspace: a source, its events as they are found, and the measured latency."""
