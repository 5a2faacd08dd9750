"""Business systems: ports, mappings, identity, and one package per vendor."""
