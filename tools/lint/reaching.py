"""Rules on what an integration may reach: the core and Playwright; and what it must not carry: secrets."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from tools.lint.rule import Rule, Spot, in_code, in_table
from tools.lint.source import Module, Source, Table, called

_OTHER_HOUSES = {"fixtures", "tests", "gateway", "tools", "tasks", "ledger", "profiles", "benchmarks"}
_OTHER_WAYS_OUT = {"httpx", "requests", "aiohttp", "urllib3", "http", "socket", "subprocess", "os", "smtplib"}
_SECRET = {
    "password",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "pin",
    "passwort",
    "kennwort",
    "passe",
    "contraseña",
}
_CARD = re.compile(r"(?<!\d)(?<!\d\.)\d(?:[ -]?\d){12,18}(?!\d|\.\d)")
_TYPING = {"fill", "type", "press_sequentially"}


def _imports(source: Source) -> Iterator[Spot]:
    for module in source.modules:
        for node in module.find(ast.Import, ast.ImportFrom):
            for name in _imported(node):
                if (why := _not_ours(name, source.slug)) is not None:
                    yield in_code(module, node, f"imports `{name}`: {why}")


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return ["." * node.level + (node.module or "")]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []


def _not_ours(name: str, slug: str) -> str | None:
    head, _, rest = name.partition(".")
    if head == "integrations":
        return None if rest.partition(".")[0] == slug else "another integration"
    if head in _OTHER_HOUSES:
        return "an integration sees the core only"
    if head in _OTHER_WAYS_OUT or name == "urllib.request":
        return "a way out past the gate"
    return None


def _secrets(source: Source) -> Iterator[Spot]:
    for module in source.modules:
        yield from _in_module(module)
    for table in source.tables:
        yield from _in_table(table, table.content)


def _in_module(module: Module) -> Iterator[Spot]:
    for node in module.find(ast.Constant, ast.Assign, ast.AnnAssign, ast.keyword, ast.Call):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and is_card(node.value):
            yield in_code(module, node, "a card number")
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.keyword) and _keeps_a_secret(node):
            yield in_code(module, node.value or node, "a secret, written out")
        elif isinstance(node, ast.Call) and _types_a_secret(node):
            yield in_code(module, node, "a secret, typed in as it is written here")


def _keeps_a_secret(node: ast.Assign | ast.AnnAssign | ast.keyword) -> bool:
    return _is_text(node.value) and any(_is_secret(name) for name in _names_of(node))


def _types_a_secret(call: ast.Call) -> bool:
    if called(call) not in _TYPING or not isinstance(call.func, ast.Attribute):
        return False
    return any(_is_text(value) for value in call.args[-1:]) and _is_secret(ast.unparse(call.func.value))


def _is_secret(name: str) -> bool:
    """One of the words of a name (or of an expression) means a secret."""
    return not _SECRET.isdisjoint(re.split(r"[\W_]+", name.casefold().replace("api_key", "apikey")))


def _names_of(node: ast.Assign | ast.AnnAssign | ast.keyword) -> list[str]:
    if isinstance(node, ast.keyword):
        return [node.arg or ""]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [getattr(target, "id", getattr(target, "attr", "")) for target in targets]


def _is_text(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, str) and bool(value.value)


def _in_table(table: Table, content: object, key: str = "") -> Iterator[Spot]:
    if isinstance(content, Mapping):
        for name, value in content.items():
            yield from _in_table(table, value, str(name))
    elif isinstance(content, list):
        for value in content:
            yield from _in_table(table, value, key)
    elif isinstance(content, str) and is_card(content):
        yield in_table(table, content, "a card number")
    elif isinstance(content, str) and _is_secret(key) and table.path.name != "cases.toml":
        yield in_table(table, content, f"a secret, written out under `{key}`")


def is_card(text: str) -> bool:
    """True when the text has a number that a card could have (13 to 19 digits, with the right check digit)."""
    return any(_checks(re.sub(r"\D", "", found)) for found in _CARD.findall(text))


def _checks(digits: str) -> bool:
    """Luhn's sum; one digit over and over is no number of anybody."""
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return sum(sum(divmod(number, 10)) for number in doubled) % 10 == 0 and len(set(digits)) > 1


RULES = (
    Rule(
        "imports",
        "An integration imports the core, Playwright and itself: no other one, no twin, no test, no HTTP client.",
        "use `visit.call` for a request without the page; ask for what two sites share to be put into the core",
        _imports,
    ),
    Rule(
        "secrets",
        "No card number and no secret stands in an integration.",
        "take it from `visit.account` or the card that `pay` is given; the partner's profile names where secrets lie",
        _secrets,
    ),
)
