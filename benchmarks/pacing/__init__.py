"""How many requests leave in the worst minute, when many processes share one agreed rate."""
