"""The Review workspace: confirm or reject the events of a session, one keystroke each."""
