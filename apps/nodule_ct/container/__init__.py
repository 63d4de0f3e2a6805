"""What runs inside the image: the entry point, the self-test, the sign of life."""
