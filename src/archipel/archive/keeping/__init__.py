"""What is kept stays whole, as long as it must, where it costs least."""
