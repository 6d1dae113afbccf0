"""The body of a request: read in pieces with an end to each, and as strictly as a file."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError

from farm.schema import faults_of
from gateway.api.problems import Refused
from gateway.complaint import Complaint
from gateway.reading import SIZE_LIMIT, parsed

Model = TypeVar("Model", bound=BaseModel)
NAME = "the body"
PATIENCE_S = 10.0
"""A body that has not come whole by then is given up: whoever sends a byte a minute keeps nobody busy."""


async def _content(request: Request) -> bytes:
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > SIZE_LIMIT:
            raise _too_large()
    return bytes(content)


def _too_large() -> Refused:
    # What is still to come of it is not waited for.
    return Refused("too-large", f"the body has more than {SIZE_LIMIT // 1024} KiB", headers={"Connection": "close"})


async def of_request(request: Request) -> object:
    """The JSON document that this request was sent."""
    said = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if said != "application/json":
        raise Refused(
            "wrong-media-type", f"the body says `{said[:80]}` of itself" if said else "the body says nothing"
        )
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > SIZE_LIMIT:
        raise _too_large()
    try:
        async with asyncio.timeout(PATIENCE_S):
            content = await _content(request)
    except TimeoutError:
        raise Refused(
            "too-slow", f"the body was not whole after {PATIENCE_S:g} s", headers={"Connection": "close"}
        ) from None
    try:
        return parsed(content, NAME)
    except Complaint as error:
        raise Refused("not-json", error.what, faults=error.faults) from None


def fitting(body: object, model: type[Model], refusal: str) -> Model:
    """The body as this model.

    Raises:
        Refused: It does not fit; every fault is named.
    """
    try:
        return model.model_validate_json(json.dumps(body))  # as JSON: what is strict there is so here
    except ValidationError as error:
        raise Refused("bad-request", refusal, faults=faults_of(error, model)) from None


Body = Annotated[object, Depends(of_request)]
"""The JSON document that a route was sent; declare it after the caller, so that nobody's is read without a key."""
