"""The spotter: from traces of regional displacement to brief movements with onset, apex and offset."""
