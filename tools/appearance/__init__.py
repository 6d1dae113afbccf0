"""What a browser really says under a partner's profile, read back from a page and its requests on this machine."""
