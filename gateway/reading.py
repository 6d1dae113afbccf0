"""A JSON document that a person named: read, or a complaint that says where it breaks off."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from gateway.complaint import Complaint


def read_json(source: str) -> tuple[object, str]:
    """The document, and what to call it.

    Args:
        source: A file, or ``-`` for standard input.

    Raises:
        Complaint: It cannot be read, or is not JSON.
    """
    name = "standard input" if source == "-" else source
    try:
        text = sys.stdin.buffer.read().decode() if source == "-" else Path(source).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Complaint(f"{name} cannot be read: {error.strerror}", then="- reads standard input") from None
    except UnicodeDecodeError:
        raise Complaint(f"{name} is not UTF-8 text") from None
    try:
        written: object = json.loads(text)
        text.encode() and json.dumps(written, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise Complaint(f"{name} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise Complaint(f"{name} is nested too deeply for a request") from None
    except UnicodeEncodeError:
        raise Complaint(f"{name} holds half a character (a lone surrogate like \\ud800)") from None
    return written, name
