"""The API under load: many bookings, many listeners, and a gateway that is killed."""
