"""Where bookings are remembered."""
