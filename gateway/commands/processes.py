"""``readback worker``, ``relay`` and ``beat``: one process each, as a deployment of several machines runs them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.complaint import Complaint, ExitCode

if TYPE_CHECKING:
    from tasks.settings import Settings


def worker(
    *,
    queue: Annotated[
        list[str] | None,
        typer.Option("--queue", "-q", metavar="Q", help="book, verify, door, notify, nightly; may be given twice."),
    ] = None,
    pool: Annotated[
        str, typer.Option(metavar="POOL", help="threads: many visits on one browser. prefork: one visit per process.")
    ] = "threads",
    concurrency: Annotated[int, typer.Option(metavar="N", min=1, max=256, help="Visits at once.")] = 2,
) -> None:
    """Run one worker.

    Until SIGTERM; what is past its commit then still ends. For deployments with
    a broker of their own; on one machine `readback up` does it all. Without
    --queue it takes book, verify, door and notify; nightly checks get a worker
    of their own.
    """
    from gateway.deployment import must_have_ledger, registry, settings

    here = settings()  # first: what is imported below reads them too

    from farm.schema import nearest
    from tasks.queues import DEFAULT_QUEUES, QUEUES
    from tasks.worker import POOLS, work

    queues = list(dict.fromkeys(queue or DEFAULT_QUEUES))
    for name in queues:
        if name not in QUEUES:
            raise Complaint(f"no queue `{name}`", then=nearest(name, QUEUES))
    if pool not in POOLS:
        raise Complaint(f"no pool `{pool}`", then=nearest(pool, POOLS))
    registry(here)
    _must_have_broker(here)
    must_have_ledger(here)
    work(queues, pool, concurrency)


def relay() -> None:
    """Run one relay, which tells workers what is due in the ledger.

    Until SIGTERM. For deployments with a broker of their own; any number may
    run.
    """
    from gateway.deployment import must_have_ledger, settings

    here = settings()  # first: what is imported below reads them too

    from tasks.relay import relay_until_told

    _must_have_broker(here)
    must_have_ledger(here)
    asyncio.run(relay_until_told(here))


def beat() -> None:
    """Run the one clock that asks for the nightly checks.

    Until SIGTERM. Each integration is a message on the queue nightly at
    READBACK_NIGHTLY_AT (03:00) UTC, for `readback worker --queue nightly`.
    """
    from gateway.deployment import make_home, registry, settings

    here = settings()  # first: what is imported below reads them too

    from tasks.beat import beat_until_told

    names = sorted(registry(here).integrations)
    make_home(here)
    _must_have_broker(here)
    beat_until_told(here, names)


def _must_have_broker(here: Settings) -> None:
    from tasks.machine.finding import Found
    from tasks.machine.private_redis import PrivateRedis
    from tasks.machine.redis import find_redis

    if here.broker_url or here.redis_url:
        return
    found = find_redis()
    if not isinstance(found, Found) or not PrivateRedis(found.path, here.home).answers():
        raise Complaint(
            "there is no broker to get work from",
            then="set READBACK_BROKER_URL, or run `readback up`, which brings everything",
            code=ExitCode.MACHINE,
        )
