"""``readback keys``: with which resellers come to the API."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.complaint import Complaint
from gateway.terminal import AsJson, examples, printer, put, say

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.keys import KeyAnswer, MadeAnswer
    from ledger.store import Ledger

Id = Annotated[str, typer.Argument(metavar="ID", help="The key's id, as `list` shows it; rb_ID or the key will do.")]
keys = typer.Typer(
    no_args_is_help=True, rich_markup_mode="rich", context_settings={"help_option_names": ["-h", "--help"]}
)


@keys.callback()
def with_which() -> None:
    """Make, list, rotate and revoke the API keys of resellers.

    A key is `rb_<id>_<secret>`: printed once when it is made, kept as a hash
    only. It sees and does what is its reseller's, as far as its scopes let it:
    bookings:read, bookings:write, events:read, webhooks:write, doubts:write.
    """


@keys.command(
    epilog=examples(
        "export READBACK_API_KEY=$(readback keys new acme --name checkout)",
        "readback keys new acme --name reports --scope bookings:read --days 90",
    )
)
def new(
    reseller: Annotated[str, typer.Argument(metavar="RESELLER", help="Whose bookings it is for.")],
    *,
    name: Annotated[str, typer.Option(metavar="NAME", help="What it is for.")] = "unnamed",
    scope: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SCOPE",
            help="What it may do; may be repeated; `all` is everything. Without: book, and follow bookings.",
        ),
    ] = None,
    days: Annotated[
        int | None, typer.Option(metavar="N", help="So long it is valid; else until it is revoked.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key, and print it on standard output: it is never shown again."""
    from gateway.deployment import open_ledger, settings
    from gateway.keys import make_key, wanted

    wish = wanted(reseller, name, scope or [], days)

    async def made() -> MadeAnswer:
        async with open_ledger(settings(), make=True) as ledger:
            return await make_key(ledger, wish)

    _hand_over(asyncio.run(made()), as_json=as_json)


@keys.command("list", epilog=examples("readback keys list", "readback keys list acme --all --json"))
def listing(
    reseller: Annotated[str | None, typer.Argument(metavar="[RESELLER]", help="Only this one's.")] = None,
    *,
    over: Annotated[bool, typer.Option("--all", help="Also those that were revoked or have expired.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the keys, newest first, with when each was used last (to about three minutes)."""
    from rich.table import Table

    from gateway.keys import KeysAnswer

    found = [one for one in asyncio.run(_known(reseller)) if over or one.state in {"valid", "replaced"}]
    if as_json:
        put(KeysAnswer(keys=tuple(found)))
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("id", "reseller", "name", "may", "stands", "used"):
        table.add_column(column, overflow="fold", no_wrap=column == "id")
    for one in found:
        used = "never" if one.last_used_at is None else _moment(one.last_used_at)
        table.add_row(one.id, one.reseller, one.name, " ".join(one.scopes), _stands(one), used)
    printer().print(table if found else "There is no such key." if reseller else "There are no keys yet.")


@keys.command(epilog=examples("readback keys rotate a4kq7z2mx3nb", "readback keys rotate a4kq7z2mx3nb --both-h 0"))
def rotate(
    key: Id,
    *,
    both: Annotated[
        int, typer.Option("--both-h", metavar="HOURS", min=0, max=720, help="So long the old one is valid, too.")
    ] = 24,
    as_json: AsJson = False,
) -> None:
    """Make a key in the place of another, and print it on standard output.

    It may do the same, for as long as the old one was made for. Both are valid
    for a day, or for --both-h hours: put the new one where the old one is used.
    """
    from datetime import timedelta

    from gateway.deployment import open_ledger, settings
    from gateway.keys import id_in, rotate_key
    from ledger.errors import KeyIsOver, NoSuchKey

    async def rotated() -> MadeAnswer:
        async with open_ledger(settings()) as ledger:
            try:
                return await rotate_key(ledger, id_in(key), timedelta(hours=both))
            except NoSuchKey:
                raise await _no_such(ledger, id_in(key)) from None
            except KeyIsOver:
                raise await _is_over(ledger, id_in(key)) from None

    _hand_over(asyncio.run(rotated()), as_json=as_json)


@keys.command(epilog=examples("readback keys revoke a4kq7z2mx3nb"))
def revoke(key: Id, *, as_json: AsJson = False) -> None:
    """Let a key open nothing any more; every gateway knows within five seconds. It cannot be undone."""
    from gateway.deployment import open_ledger, settings
    from gateway.keys import KeyAnswer, id_in
    from ledger.errors import NoSuchKey

    async def revoked() -> KeyAnswer:
        async with open_ledger(settings()) as ledger:
            try:
                return KeyAnswer.of(await ledger.keys.revoke(id_in(key)), ledger.clock())
            except NoSuchKey:
                raise await _no_such(ledger, id_in(key)) from None

    answer = asyncio.run(revoked())
    if as_json:
        put(answer)
    else:
        printer().print(f"{answer.id} of {answer.reseller} ({answer.name}): {_stands(answer)}.")


async def _known(reseller: str | None) -> list[KeyAnswer]:
    from gateway.deployment import open_ledger, settings
    from gateway.keys import KeyAnswer

    async with open_ledger(settings()) as ledger:
        now = ledger.clock()
        return [KeyAnswer.of(one, now) for one in await ledger.keys.listed(reseller)]


async def _no_such(ledger: Ledger, key_id: str) -> Complaint:
    import difflib

    near = difflib.get_close_matches(key_id, [one.id for one in await ledger.keys.listed()], n=1)
    return Complaint(
        f"no key `{key_id}`", then=f"did you mean `{near[0]}`?" if near else "`readback keys list --all` shows them"
    )


async def _is_over(ledger: Ledger, key_id: str) -> Complaint:
    from gateway.keys import KeyAnswer

    old = await ledger.keys.find(key_id)
    if old is None:
        return await _no_such(ledger, key_id)
    if old.replaced_by is not None:
        return Complaint(f"{key_id} was replaced before", then=f"rotate `{old.replaced_by}`, which is in its place")
    stands = _stands(KeyAnswer.of(old, ledger.clock()))
    return Complaint(f"{key_id} is no longer valid: {stands}", then=f"readback keys new {old.reseller}")


def _hand_over(answer: MadeAnswer, *, as_json: bool) -> None:
    if as_json:
        put(answer)
        return
    typer.echo(answer.key)
    made = answer.made
    say(f"of {made.reseller} ({made.name}), for {' '.join(made.scopes)}; {_stands(made)}.")
    if answer.old is not None:
        say(f"The old one, {answer.old.id}: {_stands(answer.old)}.")
    say("→ Keep it like a password: it is shown this once. It is sent as  Authorization: Bearer rb_…")


def _stands(key: KeyAnswer) -> str:
    if key.revoked_at is not None:
        return f"revoked {_moment(key.revoked_at)}"
    if key.expires_at is None:
        return "valid until it is revoked"
    said = (
        f"expired {_moment(key.expires_at)}" if key.state == "expired" else f"valid until {_moment(key.expires_at)}"
    )
    return said if key.replaced_by is None else f"{said}, replaced by {key.replaced_by}"


def _moment(at: datetime) -> str:
    return f"{at.astimezone():%d %b %Y %H:%M}"
