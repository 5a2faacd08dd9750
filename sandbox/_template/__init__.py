"""A stand-in for Template's API: contacts by account or by id, read with a bearer token.

CHANGE: say here which version of the API is spoken, and what is not here. Refuse what the vendor refuses.
"""

from sandbox._template.app import create_app, stand_in

__all__ = ["create_app", "stand_in"]
