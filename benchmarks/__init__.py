"""What the program costs on this machine, measured: one file a benchmark, all of them on `benchmarks.harness`."""
