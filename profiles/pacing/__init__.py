"""How fast, how much at once, and who is next: one partner's pace, kept by all workers together in Redis."""
