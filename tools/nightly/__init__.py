"""The nightly check: every integration is checked, what broke takes no new bookings until it passes."""
