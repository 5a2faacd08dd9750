"""Who calls, what they may do, and the tenant boundary."""
