"""What may be changed of a trunk, or of one number, while calls go on: values, as JSON both ways.

A change is about a policy, not about a plan: it is made to the policy's text, compiled and checked
with it. What would surprise: what the policy itself said then is kept beside it, so that an edit of
the file that contradicts a change is told and nothing of either is lost.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field

from sipfo.plan.model import Name, Number, Part, Plan, Trunk

Method = Literal["sequential", "round-robin"]
Forwarding = Literal["on-failure", "always", "off"]

MOST_KEPT: Final = 33
"""Characters of a trunk's name in that of a number cut out of it: with the number, fifty at most."""


class Said(Part):
    """What a trunk says of its routes and its forward; None where it says nothing."""

    method: Literal["sequential", "round-robin", "weighted"]
    forwarding: Forwarding
    forwards_to: Number | None = None


class Change(Part):
    """What is other than the policy says; None leaves it to the policy. `over` is what the policy
    said of the trunk when it was changed."""

    method: Method | None = None
    forwarding: Forwarding | None = None
    forwards_to: Number | None = None
    over: Said

    def without(self, said: Said) -> Self:
        """What is left of it, beside what the policy has come to say itself."""
        names = ("method", "forwarding", "forwards_to")
        same = [one for one in names if getattr(self, one) == getattr(said, one)]
        return self.model_copy(update=dict.fromkeys(same))

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left of it."""
        return self.method is None and self.forwarding is None and self.forwards_to is None


class TrunkChange(Change):
    """A change of a whole trunk."""

    trunk: Name


class NumberChange(Change):
    """A change of one number, which comes before that of its trunk. It has no method of its own."""

    number: Number


class Changes(Part):
    """All that is changed of a policy; `policy` is the digest of its texts as they were then."""

    version: Literal[1] = 1
    policy: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    trunks: tuple[TrunkChange, ...] = ()
    numbers: tuple[NumberChange, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is changed."""
        return not self.trunks and not self.numbers

    def of_trunk(self, name: str) -> TrunkChange | None:
        """What is changed of a trunk."""
        return next((one for one in self.trunks if one.trunk == name), None)

    def of_number(self, number: str) -> NumberChange | None:
        """What is changed of a number."""
        return next((one for one in self.numbers if one.number == number), None)

    def with_trunk(self, change: TrunkChange) -> Changes:
        """The same with this one in the place of the trunk's, or without it if it is empty."""
        kept = [change if one.trunk == change.trunk else one for one in self.trunks]
        kept += [change] if change not in kept else []
        return self.model_copy(update={"trunks": tuple(one for one in kept if not one.is_empty)})

    def with_number(self, change: NumberChange) -> Changes:
        """The same for a number."""
        kept = [change if one.number == change.number else one for one in self.numbers]
        kept += [change] if change not in kept else []
        return self.model_copy(update={"numbers": tuple(one for one in kept if not one.is_empty)})


class Situation(Part):
    """What the plan in force was made from: the changes, what each trunk that they are about says in
    the policy itself, and the digest of the policy's texts. `left_out` says that the changes are not
    in force, because they cannot be made; `is_plan` that there is no policy to change."""

    changes: Changes = Changes()
    said: dict[str, Said] = Field(default_factory=dict)
    digest: str = ""
    left_out: bool = False
    is_plan: bool = False


def said(trunk: Trunk) -> Said:
    """What a trunk of a plan says."""
    forward = trunk.forward
    if forward is None:
        return Said(method=trunk.method, forwarding="off")
    return Said(
        method=trunk.method,
        forwarding="always" if forward.always else "on-failure",
        forwards_to=forward.number,
    )


def trunk_called(plan: Plan, name: str) -> Trunk | None:
    """The trunk of a name, if the plan has it."""
    return next((one for one in plan.trunks if one.name == name), None)


def number_trunk(trunk: str, number: str) -> str:
    """What the trunk is called that a number with a change of its own gets."""
    return f"{trunk[:MOST_KEPT]}-{number.removeprefix('+')}"
