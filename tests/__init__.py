"""Mirrors the folders, plus conformance and e2e."""
