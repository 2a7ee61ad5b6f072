"""What a handler measures."""
