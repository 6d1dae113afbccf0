"""`python -m benchmarks NAME`: every number that the README quotes, as a command whose last line is JSON."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from benchmarks import egress, ledger
from benchmarks.gateway import command as gateway
from benchmarks.overhead import command as overhead
from benchmarks.pacing import command as pacing
from benchmarks.simulate import command as simulate
from benchmarks.tolerance import command as tolerance
from benchmarks.truth import command as truth

COMMANDS: dict[str, tuple[Callable[[Sequence[str]], int], str]] = {
    "overhead": (overhead.main, overhead.PURPOSE),
    "ledger": (ledger.main, ledger.PURPOSE),
    "pacing": (pacing.main, pacing.PURPOSE),
    "egress": (egress.main, egress.PURPOSE),
    "simulate": (simulate.main, simulate.PURPOSE),
    "tolerance": (tolerance.main, tolerance.PURPOSE),
    "gateway": (gateway.main, gateway.PURPOSE),
    "truth": (truth.main, truth.PURPOSE),
}


def main(arguments: Sequence[str]) -> int:
    """Run the named benchmark, or list them."""
    name = arguments[0] if arguments else ""
    if name in COMMANDS:
        return COMMANDS[name][0](arguments[1:])
    out = sys.stdout if name in {"", "-h", "--help"} else sys.stderr
    print("usage: python -m benchmarks NAME [options]   (NAME --help says what it measures)\n", file=out)
    for known, (_, purpose) in COMMANDS.items():
        print(f"  {known:12} {purpose}", file=out)
    return 0 if out is sys.stdout else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
