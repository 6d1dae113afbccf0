"""The doors: the readback command first."""
