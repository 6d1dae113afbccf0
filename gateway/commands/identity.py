"""``readback identity``: the keys by which partners recognise the farm."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.complaint import Complaint, ExitCode
from gateway.terminal import examples, say

identity = typer.Typer(rich_markup_mode="rich", context_settings={"help_option_names": ["-h", "--help"]})


@identity.callback(invoke_without_command=True)
def published(
    context: typer.Context,
    *,
    directory: Annotated[
        str | None, typer.Option(metavar="ORIGIN", help="Where it will stand; needed where profiles name several.")
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option(metavar="REFERENCE", help="A further key, before it is used or after. May be repeated."),
    ] = None,
    write: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it there.")] = None,
) -> None:
    """Print the key directory to publish: the public keys of every partner's profile that signs.

    It is to be served over https at the origin that the profiles name, under
    /.well-known/http-message-signatures-directory, as
    application/http-message-signatures-directory+json.

    To change a key: make the new one, publish both (--also file:new.pem), wait
    until caches have it, name the new one in the profile, publish the old one
    with --also for another day, then leave it out.
    """
    if context.invoked_subcommand is not None:
        return
    import json

    from farm.errors import AccessNotAgreed
    from profiles.signing_key import MEDIA_TYPE, WELL_KNOWN, read_key
    from profiles.signing_key import directory as document

    origin, references = _signing(directory)
    try:
        keys = [read_key(reference).public_key() for reference in (*references, *(also or []))]
    except AccessNotAgreed as error:
        raise Complaint(str(error), then="set what the reference names, or correct the profile") from None
    text = json.dumps(document(keys), indent=2) + "\n"
    if write is None:
        typer.echo(text, nl=False)
    else:
        _written(write, text)
    say(f"to be published as {origin}{WELL_KNOWN}, media type {MEDIA_TYPE}")


@identity.command(epilog=examples("readback identity new secrets/ribera.pem"))
def new(path: Annotated[Path, typer.Argument(metavar="PATH", help="A file that is not there yet.")]) -> None:
    """Make an Ed25519 key in a new file that only its owner can read."""
    from profiles.signing_key import new_key

    try:
        name = new_key(path)
    except FileExistsError:
        raise Complaint(f"{path} is there already", then="a key is never written over: name another file") from None
    except OSError as error:
        raise Complaint(
            f"{path} cannot be written: {error.strerror}", then="name another file", code=ExitCode.MACHINE
        ) from None
    typer.echo(name)
    say(f'in the profile: identify = "web-bot-auth", key = "file:{path.absolute()}", directory = "https://…"')


def _signing(wanted: str | None) -> tuple[str, list[str]]:
    """The origin, and the references of every key that profiles publish there."""
    from gateway.deployment import registry, settings
    from profiles.partner import Partners

    here = settings()
    registry(here)  # what is wrong in a profile is said with its file and key
    keys: dict[str, list[str]] = {}
    for _, one in sorted(Partners.load(here.partner_folders).by_slug.items()):
        looks = one.fingerprint
        if looks.identify == "web-bot-auth" and looks.directory is not None and looks.key is not None:
            keys.setdefault(looks.directory, []).append(looks.key)
    if not keys:
        raise Complaint("no partner's profile signs", then='write `identify = "web-bot-auth"` where one asks for it')
    if wanted is None and len(keys) == 1:
        wanted = next(iter(keys))
    if wanted not in keys:
        what = f"no profile names {wanted}" if wanted is not None else "profiles name several directories"
        raise Complaint(what, then=f"--directory takes one of {', '.join(keys)}")
    return wanted, keys[wanted]


def _written(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Complaint(
            f"{path} cannot be written: {error.strerror}", then="name another file", code=ExitCode.MACHINE
        ) from None
