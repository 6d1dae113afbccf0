"""Where bookings are remembered. The ledger is the truth; everything else is a hint."""
