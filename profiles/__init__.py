"""How a partner agreed to be visited."""
