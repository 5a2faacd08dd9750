"""What the world sees: one module per business domain."""
