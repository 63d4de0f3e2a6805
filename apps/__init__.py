"""Top floor: compositions of operators that a person or a server starts. An app decides nothing that an operator could."""
