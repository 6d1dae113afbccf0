"""Letters to partners: a notice of the ledger goes to its contact by mail, once, however many relays there are."""

from __future__ import annotations

import asyncio
import logging
import smtplib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from email_validator import EmailNotValidError, validate_email
from sqlalchemy.exc import SQLAlchemyError

from ledger.notices import NoticeRecord
from ledger.store import Ledger
from profiles.loopback import is_loopback
from tasks.settings import Settings

log = logging.getLogger(__name__)
LOOK_EVERY_S = 5.0
SEND_S = 15.0
"""The longest that a mail server may keep us waiting for an answer."""


@asynccontextmanager
async def letters_going_out(ledger: Ledger, settings: Settings) -> AsyncIterator[None]:
    """Send what is to be sent, beside the work of whoever runs this; nothing where no mail server is named."""
    sending = asyncio.create_task(_send_all(ledger, settings)) if settings.mail_url else None
    try:
        yield
    finally:
        if sending is not None:
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending


async def _send_all(ledger: Ledger, settings: Settings) -> None:
    while True:
        try:
            while await send_one(ledger, settings):
                pass
        except SQLAlchemyError as error:
            log.warning("no look at the notices (%s): letters wait", type(error).__name__)
        await asyncio.sleep(LOOK_EVERY_S)


async def send_one(ledger: Ledger, settings: Settings) -> bool:
    """Send one letter, if there is one to send; False when there is none."""
    notice = await ledger.notices.claim()
    if notice is None:
        return False
    try:
        to = validate_email(notice.contact, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        await ledger.notices.failed(notice.id, "the profile's contact is no e-mail address: tell it yourself")
        return True
    try:
        await asyncio.to_thread(_post, settings.mail_url or "", letter(notice, to, settings.mail_from))
    except (OSError, smtplib.SMTPException) as error:
        log.warning("notice %s was not sent (%s)", notice.id, type(error).__name__)
        await ledger.notices.failed(notice.id, f"the mail server did not take it: {type(error).__name__}")
    else:
        await ledger.notices.sent(notice.id)
    return True


def letter(notice: NoticeRecord, to: str, sender: str) -> EmailMessage:
    """What the contact reads: what happened where and when, who we are, and what we do now. No guest is in it.

    Its ``Message-ID`` is the notice's, so that one that was sent twice counts once.
    """
    said = notice.evidence
    message = EmailMessage()
    message["From"], message["To"] = sender, to
    message["Subject"] = f"{notice.venue} asked our booking robot for a person ({notice.id})"
    message["Date"] = notice.at
    message["Message-ID"] = f"<{notice.id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    told = [
        ("Venue", notice.venue),
        ("When", f"{notice.at:%Y-%m-%d %H:%M:%S} UTC"),
        ("Request", said.get("request")),
        ("Answer", said.get("status")),
        ("Its headers", ", ".join(said.get("headers", ()))),
        ("Requests of that visit", said.get("requests")),
        ("We came as", said.get("user_agent")),
        ("Signed", said.get("directory") if said.get("identify") == "web-bot-auth" else None),
        ("Account", notice.account or None),
        ("Agreement", said.get("agreement")),
    ]
    facts = "\n".join(f"  {name}: {value}" for name, value in told if value not in {None, ""})
    message.set_content(
        "This is the Readback farm, which books at your site under our agreement.\n\n"
        "One of our visits was turned away with a challenge or a refusal:\n\n"
        f"{facts}\n\n"
        "We ended that visit, solved nothing, and have stopped all visits to you "
        f"until {notice.until:%Y-%m-%d %H:%M} UTC.\n"
        "Please tell us whether we may come again, and at which rate; an answer to this letter will do.\n"
    )
    return message


def _post(url: str, message: EmailMessage) -> None:
    parts = urlsplit(url)
    host = parts.hostname or "localhost"
    if parts.scheme == "smtps":
        with smtplib.SMTP_SSL(host, parts.port or 465, timeout=SEND_S, context=ssl.create_default_context()) as line:
            _hand_over(line, parts.username, parts.password, message)
        return
    with smtplib.SMTP(host, parts.port or 25, timeout=SEND_S) as line:
        if not is_loopback(host):
            line.starttls(context=ssl.create_default_context())  # raises where the server offers none
        _hand_over(line, parts.username, parts.password, message)


def _hand_over(line: smtplib.SMTP, user: str | None, secret: str | None, message: EmailMessage) -> None:
    if user is not None:
        line.login(unquote(user), unquote(secret or ""))
    line.send_message(message)
