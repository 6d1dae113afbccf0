"""The document says what the gateway does: nothing is missing in it, and what it shows can be sent."""

from __future__ import annotations

import json
import re

import httpx
import pytest
from jsonschema import Draft202012Validator

from gateway.api import body, idempotency
from gateway.api.app import make_app
from gateway.api.caller import SCOPES
from gateway.api.document import TAGS, calls_of
from gateway.api.problems import KINDS, MEDIA_TYPE
from tasks.settings import Settings
from tests.gateway.api.walking import WAYS, things

APP = make_app(Settings())
DOCUMENT = APP.openapi()
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
}
SENT = [
    (way, name, example["value"])
    for way in WAYS
    for media in [OPERATIONS.get(str(way), {}).get("requestBody", {}).get("content", {}).get("application/json", {})]
    for name, example in media.get("examples", {}).items()
]


@pytest.fixture
def ledger_url(migrated_file, tmp_path):
    """SQLite alone: nothing here is of a database."""
    import shutil

    shutil.copy(migrated_file, tmp_path / "document.sqlite3")
    return f"sqlite:///{tmp_path / 'document.sqlite3'}"


@pytest.fixture
def settings(settings, tmp_path):
    key = tmp_path / "state.key"
    key.write_text("a key that has thirty-two letters or more")
    return settings.model_copy(update={"state_key": f"file:{key}"})


def faults(value, schema):
    whole = {"components": DOCUMENT["components"]} | schema
    found = Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [f"{error.json_path}: {error.message}" for error in found.iter_errors(value)]


def each_operation():
    return pytest.mark.parametrize("name", OPERATIONS)


def test_it_is_whole():
    assert DOCUMENT["openapi"].startswith("3.1")
    written = json.dumps(DOCUMENT)
    for way in re.findall(r'"\$ref": "#/([^"]+)"', written):
        part = DOCUMENT
        for step in way.split("/"):
            part = part[step]
    assert "HTTPValidationError" not in written
    assert "Attributes:" not in written
    assert "``" not in written
    ids = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(ids) == len(set(ids))
    (scheme,) = DOCUMENT["components"]["securitySchemes"].values()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")


@each_operation()
def test_a_route_says_what_it_is_for(name):
    operation = OPERATIONS[name]
    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"], f"{name} has no tag"
    assert set(operation["tags"]) <= set(TAGS), f"{name}: say in gateway/api/document.py what its tag means"
    for parameter in operation.get("parameters", ()):
        says = f"{name}: `{parameter['name']}`"
        assert parameter["in"] == "path" or parameter.get("description"), f"{says} says not what it is"
        assert not parameter["required"] or "example" in parameter, f"{says} has no example (gateway/api/examples.py)"
    assert set(operation.get("security", [{}])[0].get("ApiKey", ())) <= set(SCOPES)


@each_operation()
def test_what_a_route_answers_is_shown(name):
    good = {
        status: said
        for status, said in OPERATIONS[name]["responses"].items()
        if status.startswith("2") and status != "204"
    }
    assert good or "204" in OPERATIONS[name]["responses"]
    for status, said in good.items():
        for media_type, media in said["content"].items():
            if media_type.startswith("image/"):
                continue
            model = media.get("schema", {}).get("$ref", "").rpartition("/")[2]
            assert "example" in media, f"{name}: `{model or media_type}` ({status}) has no example in examples.py"
            if media_type == "application/json":
                assert faults(media["example"], media["schema"]) == [], f"{name}: the example of `{model}`"


@each_operation()
def test_how_a_route_says_no_is_shown(name):
    operation = OPERATIONS[name]
    bad = {status: said for status, said in operation["responses"].items() if not status.startswith("2")}
    wanted = {"414", "431", "500"} | ({"401", "429", "503"} if "security" in operation else set())
    assert wanted <= set(bad)
    for status, said in bad.items():
        (media,) = said["content"].values()
        assert list(said["content"]) == [MEDIA_TYPE]
        for kind, example in media["examples"].items():
            assert faults(example["value"], media["schema"]) == []
            assert example["value"]["status"] == KINDS[kind].status == int(status)


@pytest.mark.parametrize("way", [way for way in WAYS if str(way) in OPERATIONS], ids=str)
def test_a_body_that_is_read_is_shown(way):
    from fastapi.routing import iter_route_contexts

    (route,) = [
        each
        for each in iter_route_contexts(APP.routes)
        if each.path == way.path and way.method in (each.methods or ())
    ]
    calls, operation = set(calls_of(route.dependant)), OPERATIONS[str(way)]
    if body.of_request in calls:
        assert "requestBody" in operation, f"{way} reads a body: say `@takes(Model)` (gateway/api/described.py)"
        media = operation["requestBody"]["content"]["application/json"]
        assert media.get("examples"), f"{way} has no example of its body in gateway/api/examples.py (REQUESTS)"
        for example in media["examples"].values():
            assert faults(example["value"], media["schema"]) == []
    headers = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "header"}
    assert (idempotency.HEADER in headers) == (idempotency.of_request in calls)


@pytest.mark.parametrize(("way", "name", "example"), SENT, ids=lambda each: str(each)[:50])
async def test_what_it_shows_can_be_sent(mine, ledger, way, name, example):
    my = await things(ledger, "local")
    answer = await mine.request(way.method, way.at(my), json=example, headers={"Idempotency-Key": "order-9"})
    assert answer.status_code not in {400, 404, 413, 415, 422}, answer.text


class TestPages:
    @pytest.fixture
    async def browser(self, address):
        accepts = {"Accept": "text/html,*/*;q=0.8"}
        async with httpx.AsyncClient(timeout=30, base_url=address, headers=accepts, follow_redirects=True) as client:
            yield client

    async def test_nothing_comes_from_a_foreign_host(self, browser):
        page = await browser.get("/")
        assert page.url.path == "/docs"
        assert "://" not in page.text
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self' 'sha256-")
        for asset in re.findall(r'(?:href|src)="([^"]+)"', page.text):
            assert (await browser.get(asset)).status_code == 200, asset
        assert (await browser.get("/openapi.json")).json() == DOCUMENT

    async def test_every_problem_has_its_page(self, browser, address):
        for kind, known in KINDS.items():
            page = await browser.get(f"/problems/{kind}")
            assert page.headers["content-type"].startswith("text/html")
            assert known.title.replace("'", "&#x27;") in page.text
            assert f'href="/problems/{kind}"' in (await browser.get("/problems")).text
        said = await browser.get("/problems/too-large", headers={"Accept": "application/json"})
        assert said.json()["then"] == "send less"
        assert (await browser.get("/problems/none")).status_code == 404

    async def test_health_is_asked_by_anybody_as_often_as_they_like(self, browser):
        answer = await browser.get("/health")
        assert answer.json() == {"status": "alive"}
        assert "ratelimit" not in answer.headers
