"""Request Tracker: tickets and what was said in them."""
