"""Commands that are imported when they are used, so that others start without them."""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import typer
from typer.core import TyperCommand
from typer.main import get_command, get_group

from ostraka.cli.errors import OneLine


@dataclass(frozen=True)
class Place:
    """Where a command is, and what the list of commands says about it.

    Attributes:
        name: What users type.
        where: `module:attribute` in this package: a `typer.Typer`, or the function of one command.
        panel: Heading in the list.
        help: First paragraph of its help. A test compares it with the command's own.
    """

    name: str
    where: str
    panel: str
    help: str


class Deferred(TyperCommand):
    """Stands for a command in lists and completions, without importing it."""

    def __init__(self, place: Place) -> None:
        super().__init__(
            place.name, help=place.help, rich_help_panel=place.panel, add_help_option=False
        )
        self._place = place

    @cached_property
    def command(self) -> Any:
        """The command itself. Imports its module."""
        module, _, attribute = self._place.where.partition(":")
        found = getattr(importlib.import_module(f"{__package__}.{module}"), attribute)
        if isinstance(found, typer.Typer):
            group = get_group(found)
            group.name = self.name
            return group
        alone = typer.Typer(rich_markup_mode="markdown", add_completion=False)
        alone.command(self.name)(found)
        return get_command(alone)


class DeferredCommands(OneLine):
    """A group whose commands are imported when they are used.

    Attributes:
        places: Its commands in the order of the list; subclasses state them.
    """

    places: Sequence[Place] = ()

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for place in self.places:
            self.add_command(Deferred(place))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Find a command by the arguments, and import it."""
        name, found, rest = super().resolve_command(ctx, args)
        return name, found.command if isinstance(found, Deferred) else found, rest
