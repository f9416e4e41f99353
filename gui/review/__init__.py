"""Review: going through the events of a session, one keystroke each."""
