"""``python -m tools.demo [--venue pretix]``: the demo without the console command."""

from __future__ import annotations

import argparse
import sys

from tools.console import PlainConsole
from tools.demo.run import run_demo


def main() -> int:
    """Run it and give its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.demo", description=__doc__)
    parser.add_argument("--venue", help="pretix: a real ticket shop instead of the restaurants")
    return run_demo(parser.parse_args().venue, PlainConsole())


if __name__ == "__main__":
    sys.exit(main())
