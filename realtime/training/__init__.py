"""What the spotter learns: patterns, decisions, the limit of detection; from generated people or from own footage."""
