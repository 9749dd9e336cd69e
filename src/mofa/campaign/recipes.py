"""Whether the linkers that a campaign is to make fit its node, its net and its generator; asked before it starts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mofa.chemistry import AnchorKind, Family, Rejected
from mofa.chemistry.linker import ENDS_OF_FAMILY
from mofa.errors import ConfigError

if TYPE_CHECKING:
    from mofa.assemble import Place
    from mofa.config.sections import Assemble
    from mofa.generate import Generator

WHERE = "[assemble] linkers"


def check_recipe(recipe: Sequence[Family], section: Assemble, generator: Generator) -> None:
    """Make sure that the families fill the places of the node in the net, and that the generator makes them.

    Args:
        recipe: families of a MOF's linkers.
        section: node and net.
        generator: of the campaign.

    Raises:
        ConfigError: the node does not go into the net, or the families are not what it takes or not made; the message
            says what was given, what is taken and what to write.
        InputError: there is no such node or net, or a file is wrong.
    """
    from mofa.assemble import load_net, load_node, places
    from mofa.generate.task import LARGEST

    node = load_node(section.node)
    net = load_net(section.net, file=section.net_file or None)
    ways = places(node, net)
    if isinstance(ways, Rejected):
        raise ConfigError(ways.detail, where="[assemble] net", action="Choose another net or node; see `mofa nets`")
    if not any(_fills(recipe, way) for way in ways):
        taken = " or ".join(" and ".join(map(str, way)) for way in ways)
        raise ConfigError(
            f"{node.name} in {net.name} takes {taken}, not {', '.join(recipe)}",
            where=WHERE,
            action=_what_to_write(ways, generator),
        )
    missing = [family for family in dict.fromkeys(recipe) if family not in generator.families]
    if missing:
        other = "" if generator.name == LARGEST else f', or generator = "{LARGEST}" in [generate]'
        raise ConfigError(
            f"the generator {generator.name!r} makes no {' and no '.join(missing)} linkers",
            where=WHERE,
            action=_what_to_write(ways, generator) + other,
        )


def _fills(recipe: Sequence[Family], way: Sequence[Place]) -> bool:
    """Whether every place gets a linker, none more than it takes, and no linker is left over."""
    given = Counter(_ends(family) for family in recipe)
    return set(given) == {place.kinds for place in way} and all(given[place.kinds] <= place.most for place in way)


def _what_to_write(ways: Sequence[Sequence[Place]], generator: Generator) -> str:
    """The shortest recipe that is taken, of families that the generator makes."""
    for way in ways:
        fitting = [next((f for f in generator.families if _ends(f) == place.kinds), None) for place in way]
        names = [f'"{family}"' for family in fitting if family is not None]
        if len(names) == len(way):
            return f"Write linkers = [{', '.join(names)}]"
    return "Choose another net or node, or a generator that makes such linkers"


def _ends(family: Family) -> tuple[AnchorKind, ...]:
    """Kind of every end, as places tell them."""
    ends = ENDS_OF_FAMILY[family]
    return (ends.kind,) * ends.count
