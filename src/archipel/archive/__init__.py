"""What was made: instances taken in, indexed, sealed, found and given back bit for bit."""
