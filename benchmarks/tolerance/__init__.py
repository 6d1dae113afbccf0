"""How near the farm comes to what a venue puts up with, when nobody says how much that is and it changes."""
