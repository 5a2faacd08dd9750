"""How a field is answered: one module per business domain, plain async functions."""
