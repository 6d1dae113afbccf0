"""``readback demo``: bookings that meet every kind of trouble, held against the venues' own books at the end."""
