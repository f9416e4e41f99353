"""Qt widgets that several workspaces share."""
