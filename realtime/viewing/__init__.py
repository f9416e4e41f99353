"""What a window shows beyond the newest frame: recent readings, moments to see again, magnified movement, advice."""
