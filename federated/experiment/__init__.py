"""What a federation gains: phantom hospitals that differ, each alone, all data pooled, and two federated algorithms."""
