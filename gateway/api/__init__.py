"""The door for platforms: a REST API over HTTP."""
