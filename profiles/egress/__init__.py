"""The egress guard: the one way out of every visit, a forward proxy that outlasts the workers of its host."""
