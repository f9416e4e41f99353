"""The desktop app: Live, Analyze, Review. It shows what `realtime` finds and computes nothing of its own."""
