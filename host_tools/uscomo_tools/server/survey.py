"""Finding the SCOMO object and reading its inventory, in as few questions as a device allows.

The object is found by its identifier, never by its name: the children of the root are read, then
the Type of each. The inventory is one Get with ``?list=StructData``; a device that does not know
it is read leaf by leaf, and that is remembered.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from uscomo_tools.server import uri_limits
from uscomo_tools.server.models import Component, Delivered, Device, now
from uscomo_tools.server.policy import Facts
from uscomo_tools.server.reports import number
from uscomo_tools.server.steps import Outcome, Step

MO_IDENTIFIER = "urn:oma:mo:oma-scomo:"
OTHER_OBJECTS = frozenset({"DevInfo", "DevDetail", "DMAcc", "Inbox"})
LEAVES = ("ID", "PkgIDRef", "Name", "Version", "EnvType", "Status", "State")
EXT_LEAVES = ("Ext/Release", "Ext/OnTrial", "Ext/LastError", "Ext/Retained")
DELIVERED_LEAVES = ("PkgID", "Name", "Status", "State")

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
    delivered: dict[str, dict[str, str]] | None = None


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
            "delivered": self._delivered,
            "delivered names": self._delivered_names,
            "delivered leaf": self._delivered_leaf,
            "ext": self._ext,
            "anchors": self._anchors,
            "large objects": self._large_objects,
            "uri limit": self._uri_limit,
        }

    def next_steps(self) -> list[Step]:
        """What is to be asked before anything can be decided; nothing when all is known."""
        device = self.device
        if not device.scomo_root:
            if self.plan.looked:
                return []
            self.plan.looked = True
            return [Step("root names", ".")]
        if self.plan.fresh:
            return []
        inventory = f"{device.scomo_root}/Inventory"
        names = "" if device.lists_data else " names"
        steps = [Step("inventory" + names, inventory + "/Deployed")]
        if device.has_delivered:
            steps.append(Step("delivered" + names, inventory + "/Delivered"))
        if device.has_ext:
            steps.append(Step("ext", f"{device.scomo_root}/Ext/SafeMode"))
        return steps

    def limits(self) -> list[Step]:
        """What asks for the device's limits of addresses, where they are not known."""
        if uri_limits.known(self.device.uri_limits):
            return []
        return [Step("uri limit", f"{uri_limits.FOLDER}/{name}") for name in uri_limits.NAMES]

    def close(self) -> None:
        """Store an inventory that was read leaf by leaf, now that all leaves are there."""
        if self.plan.leaves is not None:
            self._store(self.plan.leaves)
            self.plan.leaves = None
        if self.plan.delivered is not None:
            self._store_delivered(self.plan.delivered)
            self.plan.delivered = None

    def _root_names(self, step: Step, outcome: Outcome) -> list[Step]:
        names = [name for name in _names(outcome) if name not in OTHER_OBJECTS]
        types = [Step("root type", f"./{name}") for name in names]
        return types + self.limits() if types else []

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
            self._store(_tree(step.uri, outcome))
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
        deployed = f"{self.device.scomo_root}/Inventory/Deployed/"
        name, _, leaf = step.uri.removeprefix(deployed).partition("/")
        if outcome.code() != OK or self.plan.leaves is None:
            return []
        self.plan.leaves[name][leaf] = "".join(item.data for item in outcome.items)
        if leaf != "State":
            return []
        return [Step("inventory leaf", f"{deployed}{name}/{leaf}") for leaf in self._ext_leaves()]

    def _ext_leaves(self) -> tuple[str, ...]:
        return EXT_LEAVES if self.device.has_ext else ()

    def _delivered(self, step: Step, outcome: Outcome) -> list[Step]:
        code = outcome.code()
        if code in NO_LISTS:
            return [Step("delivered names", step.uri)]
        if code == OK:
            self._store_delivered(_tree(step.uri, outcome))
        elif code == NOT_FOUND:
            self._without_delivered()
        return []

    def _delivered_names(self, step: Step, outcome: Outcome) -> list[Step]:
        if outcome.code() in (NOT_FOUND, *NO_LISTS):
            self._without_delivered()
        if outcome.code() != OK:
            return []
        names = _names(outcome)
        self.plan.delivered = {name: {} for name in names}
        return [
            Step("delivered leaf", f"{step.uri}/{name}/{leaf}")
            for name in names
            for leaf in DELIVERED_LEAVES
        ]

    def _delivered_leaf(self, step: Step, outcome: Outcome) -> list[Step]:
        _, name, leaf = step.uri.rsplit("/", 2)
        if outcome.code() == OK and self.plan.delivered is not None:
            self.plan.delivered[name][leaf] = "".join(item.data for item in outcome.items)
        return []

    def _without_delivered(self) -> None:
        self.device.has_delivered = False
        if self.facts.delivered:
            self.facts.delivered = []

    def _ext(self, step: Step, outcome: Outcome) -> list[Step]:
        if outcome.code() in (NOT_FOUND, *NO_LISTS):
            self.device.has_ext = False
        if outcome.code() != OK:
            return []
        self.device.safe_mode = any(item.data == "1" for item in outcome.items)
        return [Step("anchors", f"{self.device.scomo_root}/Ext/Trust/Anchors")]

    def _anchors(self, step: Step, outcome: Outcome) -> list[Step]:
        if outcome.code() == OK:
            self.device.anchors = sorted(_names(outcome))
        return []

    def _large_objects(self, step: Step, outcome: Outcome) -> list[Step]:
        self.device.large_objects = any(item.data.lower() == "true" for item in outcome.items)
        return []

    def _uri_limit(self, step: Step, outcome: Outcome) -> list[Step]:
        # What a device does not tell is no limit.
        value = number("".join(item.data for item in outcome.items))
        name = step.uri.rpartition("/")[2]
        self.device.uri_limits = {**(self.device.uri_limits or {}), name: value}
        return []

    def _store_delivered(self, tree: dict[str, dict[str, str]]) -> None:
        self.facts.delivered = [
            Delivered(
                device_pk=self.device.id,
                node=node,
                package_id=leaves.get("PkgID") or node,
                name=leaves.get("Name", ""),
                status=leaves.get("Status", ""),
                state=leaves.get("State", ""),
            )
            for node, leaves in tree.items()
        ]

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
                release=number(leaves["Ext/Release"]) if leaves.get("Ext/Release") else None,
                on_trial=leaves.get("Ext/OnTrial", "").lower() in ("1", "true"),
                last_error=leaves.get("Ext/LastError", ""),
                retained=leaves.get("Ext/Retained"),
            )
            for node, leaves in tree.items()
        ]
        self.device.inventory_at = now()
        self.plan.fresh = True


def _tree(uri: str, outcome: Outcome) -> dict[str, dict[str, str]]:
    """The nodes below a URI, each with its leaves by their path in it."""
    tree: dict[str, dict[str, str]] = {}
    for item in outcome.items:
        if item.uri.startswith(uri + "/"):
            name, _, leaf = item.uri.removeprefix(uri + "/").partition("/")
            node = tree.setdefault(name, {})
            if leaf and item.format != "node":
                node[leaf] = item.data
    return tree


def _names(outcome: Outcome) -> list[str]:
    """The children's names in the answer to a Get on an interior node."""
    joined = "/".join(item.data for item in outcome.items)
    return [name.strip() for name in joined.split("/") if name.strip(" .")]
