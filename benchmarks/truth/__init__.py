"""The whole farm under kills without end, with the venues' own databases as judge."""
