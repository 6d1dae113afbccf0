"""Every number that the README quotes, as a command that prints one JSON line."""
