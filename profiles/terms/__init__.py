"""The tables of a partner's profile: what was agreed, one file a table. Closed schema, nothing assumed."""
