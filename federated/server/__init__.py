"""The server's side of a job: rounds, combination, judgement of what arrives."""
