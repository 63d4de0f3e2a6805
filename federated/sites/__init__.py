"""What belongs to one site and never leaves it."""
