"""The ``readback`` command: what it is made of, and how it says that something is wrong."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from gateway.commands.book import book
from gateway.commands.cancel import cancel
from gateway.commands.change import change
from gateway.commands.check import check
from gateway.commands.doubts import doubts, resolve
from gateway.commands.egress import egress
from gateway.commands.erase import erase
from gateway.commands.gateway import gateway
from gateway.commands.identity import identity
from gateway.commands.keys import keys
from gateway.commands.leftovers import leftovers
from gateway.commands.listing import listing
from gateway.commands.machine import demo, doctor, migrate
from gateway.commands.mcp import mcp
from gateway.commands.new import new
from gateway.commands.nightly import nightly
from gateway.commands.processes import beat, relay, worker
from gateway.commands.profiles import profiles
from gateway.commands.rate import rate
from gateway.commands.show import show
from gateway.commands.tolerance import notices, tolerance
from gateway.commands.up import up
from gateway.commands.venues import venues
from gateway.commands.webhooks import webhooks
from gateway.complaint import Complaint
from gateway.terminal import complain, examples

BOOKING = "Book"
KNOWING = "Know"
RUNNING = "Run"
PARTNERS = "Know partners"
BUILDING = "Build integrations"


class Doors(TyperGroup):
    """The commands; a ``Complaint`` of any of them becomes a few lines and an exit code, and so does any bug."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        for number, word in enumerate(args, 1):
            if any("\ud800" <= letter <= "\udfff" for letter in word):
                raise typer.BadParameter(f"word {number} of the command line is not UTF-8 text")
        return super().parse_args(ctx, args)

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]  # noqa: ANN401 - as Typer has it
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, typer.TyperException, BrokenPipeError):
            raise
        except Complaint as complaint:
            said = complaint
        except Exception as error:  # noqa: BLE001 - the last net: nobody is shown a traceback
            from gateway.unexpected import unexpected

            said = unexpected(error, f"readback {ctx.invoked_subcommand}")
        complain(said, as_json=bool(ctx.meta.get("readback.json")))
        raise typer.Exit(said.code)


app = typer.Typer(
    cls=Doors,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples(
        "readback up --with osteria_luna", "readback book examples/table-for-two.json --wait", last="Try it:"
    ),
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"readback {version('readback')}")
        raise typer.Exit


@app.callback()
def readback(
    _version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """Bookings that exist: each is read back from the venue's own records before it counts as confirmed.

    Everything is kept in READBACK_HOME (.readback in this folder).
    READBACK_DATABASE_URL, _BROKER_URL and _REDIS_URL take real servers.
    """


app.command(
    rich_help_panel=BOOKING,
    epilog=examples(
        "readback book examples/table-for-two.json --wait",
        "readback book examples/pretix-ticket.json --wait --json",
        "readback book - --idempotency-key order-4711 < request.json",
    ),
)(book)
app.command(rich_help_panel=BOOKING, epilog=examples("readback cancel bk_01m834szzffxy8k28y2h --wait"))(cancel)
app.command(
    rich_help_panel=BOOKING,
    epilog=examples(
        "readback change bk_01m834szzffxy8k28y2h --time 20:30", "readback change bk_01m834szzffxy8k28y2h --adults 4"
    ),
)(change)
app.command(rich_help_panel=KNOWING, epilog=examples("readback doubts"))(doubts)
app.command(
    rich_help_panel=KNOWING,
    epilog=examples(
        'readback resolve bk_01m834szzffxy8k28y2h --found OL-7K3 --reason "called the desk"',
        'readback resolve bk_01m834szzffxy8k28y2h --absent --reason "not in their book"',
    ),
)(resolve)
app.command(rich_help_panel=KNOWING, epilog=examples("readback leftovers --days 7"))(leftovers)
app.command(rich_help_panel=KNOWING, epilog=examples("readback erase ada@example.com"))(erase)
app.command(
    rich_help_panel=KNOWING,
    epilog=examples("readback show bk_01m834szzffxy8k28y2h", "readback show bk_01m834szzffxy8k28y2h --json"),
)(show)
app.command("list", rich_help_panel=KNOWING, epilog=examples("readback list", "readback list --status in_doubt"))(
    listing
)
app.command(
    rich_help_panel=KNOWING,
    epilog=examples("readback venues", "READBACK_INTEGRATIONS=my/integrations readback venues --json"),
)(venues)
app.command(
    rich_help_panel=KNOWING,
    epilog=examples(
        "readback tolerance", "readback tolerance lakeshore --json", "readback tolerance go-on lakeshore"
    ),
)(tolerance)
app.command(rich_help_panel=KNOWING, epilog=examples("readback notices", "readback notices --json"))(notices)
app.command(
    rich_help_panel=KNOWING,
    epilog=examples("readback rate", "readback rate --by venue --since 2026-11-01 --reseller example"),
)(rate)
app.add_typer(
    profiles,
    name="profiles",
    rich_help_panel=PARTNERS,
    epilog=examples("readback profiles", "readback profiles show ribera", "readback profiles test ribera"),
)
app.add_typer(
    identity,
    name="identity",
    rich_help_panel=PARTNERS,
    epilog=examples("readback identity new secrets/ribera.pem", "readback identity --write directory.json"),
)
app.add_typer(
    webhooks,
    name="webhooks",
    rich_help_panel=KNOWING,
    epilog=examples(
        "readback webhooks", "readback webhooks --json", "readback webhooks enable wh_01m834szzffxy8k28y2h"
    ),
)
app.command(
    rich_help_panel=RUNNING,
    epilog=examples("readback up", "readback up --with osteria_luna --with pretix", "readback up --pool prefork"),
)(up)
app.command(rich_help_panel=RUNNING, epilog=examples("readback demo", "readback demo --venue pretix"))(demo)
app.command(rich_help_panel=RUNNING, epilog=examples("readback doctor"))(doctor)
app.command(
    rich_help_panel=RUNNING,
    epilog=examples(
        "readback worker --queue book --pool prefork --concurrency 2", "readback worker --queue book --queue verify"
    ),
)(worker)
app.command(rich_help_panel=RUNNING, epilog=examples("READBACK_BROKER_URL=redis://localhost/0 readback relay"))(relay)
app.command(
    rich_help_panel=RUNNING,
    epilog=examples("readback gateway", "readback gateway --host 0.0.0.0 --behind-proxy 10.0.0.7"),
)(gateway)
app.add_typer(
    keys,
    name="keys",
    rich_help_panel=RUNNING,
    epilog=examples("readback keys new acme --name checkout", "readback keys list", "readback keys rotate ID"),
)
app.command(rich_help_panel=RUNNING, epilog=examples("readback egress", "readback egress --counts"))(egress)
app.command(rich_help_panel=RUNNING, epilog=examples("READBACK_NIGHTLY_AT=02:30 readback beat"))(beat)
app.command(rich_help_panel=RUNNING, epilog=examples("readback migrate"))(migrate)
app.command(rich_help_panel=RUNNING, epilog=examples("READBACK_API_KEY=rb_... readback mcp"))(mcp)
app.command(
    rich_help_panel=BUILDING,
    epilog=examples(
        "readback check osteria_luna",
        "readback check osteria_luna --only lint",
        "READBACK_INTEGRATIONS=my/integrations readback check my_site --json",
    ),
)(check)
app.command(
    rich_help_panel=BUILDING,
    epilog=examples(
        "readback new locanda_mare --from tables", "readback new city_rooms --from rooms --into ~/venues"
    ),
)(new)
app.command(
    rich_help_panel=BUILDING,
    epilog=examples("readback nightly", "readback nightly osteria_luna --report nightly-report"),
)(nightly)


def main() -> None:
    """The console command."""
    app()


if __name__ == "__main__":
    main()
