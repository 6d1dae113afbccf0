"""Everything that is checked of an integration, in one order: schema, lint, conformance, mutation."""
