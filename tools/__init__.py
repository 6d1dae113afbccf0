"""For integration engineers and for whoever sets up a machine."""
