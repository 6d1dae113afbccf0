"""What docstrings say, as the document shows it: attributes at their own places, code in single marks."""

from __future__ import annotations

import re
from typing import Any

_ATTRIBUTE = re.compile(r"^    (\w+): ", re.MULTILINE)


def as_markdown(text: str) -> str:
    """The same with Markdown's marks for code."""
    return text.replace("``", "`").strip()


def of_attributes(schema: dict[str, Any]) -> dict[str, str]:
    """Take what a schema's description says of attributes out of it, and put it at them; gives it by name."""
    head, _, attributes = _dedented(schema.get("description", "")).partition("\nAttributes:\n")
    parts = _ATTRIBUTE.split(attributes)
    said = {name: as_markdown(" ".join(text.split())) for name, text in zip(parts[1::2], parts[2::2], strict=True)}
    if head:
        schema["description"] = as_markdown(" ".join(head.split()))
    for name, one in schema.get("properties", {}).items():
        if name in said:
            one.setdefault("description", said[name])
    return said


def _dedented(text: str) -> str:
    import inspect

    return inspect.cleandoc(text) + "\n"
