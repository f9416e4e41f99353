"""What the product costs on this machine, measured."""
