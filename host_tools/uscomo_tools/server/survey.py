"""Finding the SCOMO object and reading its inventory, in as few questions as a device allows.

The object is found by its identifier, never by its name: the children of the root are read, then
the Type of each. The inventory is one Get with ``?list=StructData``; a device that does not know
it is read leaf by leaf, and that is remembered.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from uscomo_tools.server.models import Component, Device, now
from uscomo_tools.server.policy import Facts
from uscomo_tools.server.steps import Outcome, Step

MO_IDENTIFIER = "urn:oma:mo:oma-scomo:"
OTHER_OBJECTS = frozenset({"DevInfo", "DevDetail", "DMAcc", "Inbox"})
LEAVES = ("ID", "PkgIDRef", "Name", "Version", "EnvType", "Status", "State")

OK, NOT_FOUND = 200, 404
NO_LISTS = frozenset({405, 406, 415, 501})


@dataclass(slots=True)
class Plan:
    """What the planner remembers between the messages of one session."""

    looked: bool = False
    fresh: bool = False
    tried: list[int] = field(default_factory=list)
    requests: list[dict[str, str | bool]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    leaves: dict[str, dict[str, str]] | None = None


class Survey:
    """Plays the questions and takes the answers of one session."""

    def __init__(self, device: Device, facts: Facts, plan: Plan) -> None:
        self.device = device
        self.facts = facts
        self.plan = plan
        self.answers = {
            "root names": self._root_names,
            "root type": self._root_type,
            "inventory": self._inventory,
            "inventory names": self._inventory_names,
            "inventory leaf": self._inventory_leaf,
        }

    def next_step(self) -> Step | None:
        """What is to be asked before anything can be decided; None when nothing is left."""
        if not self.device.scomo_root:
            if self.plan.looked:
                return None
            self.plan.looked = True
            return Step("root names", ".")
        if self.plan.fresh:
            return None
        kind = "inventory" if self.device.lists_data else "inventory names"
        return Step(kind, f"{self.device.scomo_root}/Inventory/Deployed")

    def close(self) -> None:
        """Store an inventory that was read leaf by leaf, now that all leaves are there."""
        if self.plan.leaves is not None:
            self._store(self.plan.leaves)
            self.plan.leaves = None

    def _root_names(self, step: Step, outcome: Outcome) -> list[Step]:
        names = [name for name in _names(outcome) if name not in OTHER_OBJECTS]
        return [Step("root type", f"./{name}") for name in names]

    def _root_type(self, step: Step, outcome: Outcome) -> list[Step]:
        if any(item.data.startswith(MO_IDENTIFIER) for item in outcome.items):
            self.device.scomo_root = self.device.scomo_root or step.uri
        return []

    def _inventory(self, step: Step, outcome: Outcome) -> list[Step]:
        code = outcome.code()
        if code in NO_LISTS:
            self.device.lists_data = False
            return [Step("inventory names", step.uri)]
        self.plan.fresh = True
        if code in (OK, NOT_FOUND):
            tree: dict[str, dict[str, str]] = {}
            for item in outcome.items:
                below = item.uri.removeprefix(step.uri + "/").split("/")
                if item.uri.startswith(step.uri + "/"):
                    node = tree.setdefault(below[0], {})
                    if len(below) == 2:
                        node[below[1]] = item.data
            self._store(tree)
        return []

    def _inventory_names(self, step: Step, outcome: Outcome) -> list[Step]:
        self.plan.fresh = True
        if outcome.code() not in (OK, NOT_FOUND):
            return []
        names = _names(outcome)
        self.plan.leaves = {name: {} for name in names}
        return [
            Step("inventory leaf", f"{step.uri}/{name}/{leaf}")
            for name in names
            for leaf in LEAVES
        ]

    def _inventory_leaf(self, step: Step, outcome: Outcome) -> list[Step]:
        _, name, leaf = step.uri.rsplit("/", 2)
        if outcome.code() == OK and self.plan.leaves is not None:
            self.plan.leaves[name][leaf] = "".join(item.data for item in outcome.items)
        return []

    def _store(self, tree: dict[str, dict[str, str]]) -> None:
        self.facts.components = [
            Component(
                device_pk=self.device.id,
                node=node,
                component_id=leaves.get("ID") or node,
                package_id=leaves.get("PkgIDRef", ""),
                name=leaves.get("Name", ""),
                version=leaves.get("Version", ""),
                env=leaves.get("EnvType", ""),
                status=leaves.get("Status", ""),
                state=leaves.get("State", ""),
            )
            for node, leaves in tree.items()
        ]
        self.device.inventory_at = now()
        self.plan.fresh = True


def _names(outcome: Outcome) -> list[str]:
    """The children's names in the answer to a Get on an interior node."""
    joined = "/".join(item.data for item in outcome.items)
    return [name.strip() for name in joined.split("/") if name.strip(" .")]
