"""A booking's life: what is known, what happened, and what follows. Pure: no clock, no network, no database."""
