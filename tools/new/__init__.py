"""A new integration with a first twin, from one of four kinds of sites."""
