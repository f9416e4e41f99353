"""What a window shows beyond the newest frame: recent readings, event clips, magnified movement, advice."""
