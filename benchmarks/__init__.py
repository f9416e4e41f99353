"""What the product costs on this machine, measured: each benchmark a file, all on the one small `harness`."""
