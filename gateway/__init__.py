"""A GraphQL gateway that federates a company's business systems for its customer portal."""

__version__ = "0.1.0"
