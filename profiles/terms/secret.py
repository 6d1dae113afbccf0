"""How a profile names a secret: where it is, never what it is."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

SecretReference = Annotated[str, Field(pattern=r"^((env|file):.+|keyring:[^/]+/.+)$")]
"""``env:NAME``, ``file:PATH`` or ``keyring:SERVICE/NAME``."""
