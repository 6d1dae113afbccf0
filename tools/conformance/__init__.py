"""The conformance suite: one for every integration, which brings data (`cases.toml`) and no test code."""
