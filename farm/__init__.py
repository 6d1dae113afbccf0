"""The core: words, contract, the one order of steps, comparing, routing."""
