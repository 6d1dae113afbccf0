"""The farm's own protocol on a virtual clock, at venues that lie, beside what people do today."""
