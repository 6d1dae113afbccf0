"""One folder per booking site or platform; the registry loads them by name."""
