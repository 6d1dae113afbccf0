"""Pages for people: what this is, the API's own pages, what each problem means. Nothing comes from a foreign host."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from pathlib import Path
from typing import Annotated, Literal

import fastapi_offline
from fastapi import APIRouter, Header, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles

from farm.facts import Fact
from gateway.api.problems import KINDS, Refused

router = APIRouter(tags=["gateway"])
ASSETS_PATH = "/docs/assets"
ASSETS = StaticFiles(directory=Path(fastapi_offline.__file__).parent / "static")
"""Swagger UI, as it comes with `fastapi-offline`."""
_SHOWN = {
    "validatorUrl": None,  # a foreign host
    "deepLinking": True,
    "docExpansion": "list",
    "defaultModelsExpandDepth": 0,
    "displayRequestDuration": True,
    "persistAuthorization": False,  # a key is kept nowhere
}
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem}code{font-size:.95em}"
)
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>
<style>{style}</style></head><body><h1>{title}</h1>{body}</body></html>
"""
_CODE = re.compile(r"`([^`]+)`")


class AliveAnswer(Fact):
    """The gateway answers."""

    status: Literal["alive"] = "alive"


class ProblemKind(Fact):
    """A kind of problem."""

    type: str
    title: str
    status: int
    then: str


@router.get("/health", summary="Whether the gateway is alive")
async def health() -> AliveAnswer:
    """Asks nothing and nobody: a ledger that is away makes answers say so, and is no reason to restart a gateway."""
    return AliveAnswer()


@router.get("/", include_in_schema=False)
async def home() -> Response:
    """Where to begin."""
    return RedirectResponse("/docs", status_code=307)


@router.get("/docs", include_in_schema=False)
async def docs(request: Request) -> Response:
    """The document as a page to try it on."""
    root = request.scope.get("root_path", "")
    page = get_swagger_ui_html(
        openapi_url=f"{root}/openapi.json",
        title="Readback: the API",
        swagger_js_url=f"{root}{ASSETS_PATH}/swagger-ui-bundle.js",
        swagger_css_url=f"{root}{ASSETS_PATH}/swagger-ui.css",
        swagger_favicon_url=f"{root}{ASSETS_PATH}/favicon.png",
        swagger_ui_parameters=_SHOWN,
    )
    scripts = re.findall(r"<script>(.*?)</script>", bytes(page.body).decode(), re.DOTALL)
    allowed = " ".join(f"'{_hash_of(script)}'" for script in scripts)
    page.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src 'self' {allowed}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return page


@router.get("/problems", include_in_schema=False)
async def problems(accept: Annotated[str, Header()] = "") -> Response:
    """Every kind of problem."""
    if "text/html" not in accept:
        return JSONResponse({"problems": [_kind(kind).model_dump() for kind in KINDS]})
    rows = "".join(f'<li><a href="/problems/{kind}">{html.escape(KINDS[kind].title)}</a></li>' for kind in KINDS)
    return _page("Problems", f"<p>How the API says no.</p><ul>{rows}</ul>")


@router.get("/problems/{kind}", include_in_schema=False)
async def problem(kind: str, accept: Annotated[str, Header()] = "") -> Response:
    """What a kind of problem means, and what to do about it."""
    if kind not in KINDS:
        raise Refused("not-found", "there is no such kind of problem", then="`GET /problems` lists them all")
    said = _kind(kind)
    if "text/html" not in accept:
        return JSONResponse(said.model_dump())
    return _page(
        said.title,
        f"<p><code>{kind}</code>, with status {said.status}.</p><p>What to do: {_marked(said.then)}.</p>"
        "<p>The problem document names every fault in <code>faults</code>, and this answer's id in "
        '<code>instance</code>. <a href="/problems">All problems</a> · <a href="/docs">The API</a></p>',
    )


def _kind(kind: str) -> ProblemKind:
    known = KINDS[kind]
    return ProblemKind(type=f"/problems/{kind}", title=known.title, status=known.status, then=known.then)


def _marked(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", html.escape(text, quote=False))


def _page(title: str, body: str) -> HTMLResponse:
    policy = f"default-src 'none'; style-src '{_hash_of(_STYLE)}'; base-uri 'none'; frame-ancestors 'none'"
    text = _PAGE.format(title=html.escape(title), style=_STYLE, body=body)
    return HTMLResponse(text, headers={"Content-Security-Policy": policy})


def _hash_of(inline: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()}"
