"""What is measured: each module has run(options) and returns an Outcome."""
