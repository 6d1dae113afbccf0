"""What a route says of itself for the document where FastAPI cannot see it: its body, and how else it says no."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel

Route = TypeVar("Route", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Described:
    """Of one route.

    Attributes:
        body: What ``Body`` must fit.
        refuses: Kinds of problems beside those that follow from what the route depends on.
    """

    body: type[BaseModel] | None = None
    refuses: tuple[str, ...] = ()


_ROUTES: dict[Callable[..., object], Described] = {}


def takes(body: type[BaseModel] | None = None, *, refuses: tuple[str, ...] = ()) -> Callable[[Route], Route]:
    """Say it of a route; stands below the decorator that makes it one."""

    def say(route: Route) -> Route:
        _ROUTES[route] = Described(body, refuses)
        return route

    return say


def described(route: Callable[..., object]) -> Described:
    """What was said of a route; nothing is no fault."""
    return _ROUTES.get(route, Described())
