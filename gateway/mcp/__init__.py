"""The door for models: an MCP server whose tools queue, watch and cancel bookings through the API."""
