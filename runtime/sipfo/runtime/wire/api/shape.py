"""The bodies of requests and responses: Telnyx' where it has them, ours under `sipfo`.

What would surprise: Telnyx writes a forwarding type with a hyphen in its API and with an underscore
in its guide, and puts the routing method at two places. Each is taken; both places are answered.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Method = Literal["sequential", "round-robin", "round_robin", ""]
Forwarding = Literal["on_failure", "on-failure", "always", "off"]
Telephone = Annotated[str, Field(pattern=r"^(\+[1-9][0-9]{0,14})?$")]


class Body(BaseModel):
    """What is sent to us: nothing is guessed, nothing unknown is passed over."""

    model_config = ConfigDict(extra="forbid", strict=True)


class CallForwardingPatch(Body):
    """Null, for each of them and for the whole, goes back to what the policy says."""

    call_forwarding_enabled: bool | None = None
    forwards_to: Telephone | None = Field(default=None, description="A number with its plus.")
    forwarding_type: Forwarding | None = None


class InboundPatch(Body):
    """What of a connection's `inbound` can be changed."""

    default_routing_method: Method | None = None


class ConnectionPatch(Body):
    """What of a connection can be changed. Null goes back to what the policy says."""

    default_routing_method: Method | None = None
    inbound: InboundPatch | None = None
    call_forwarding: CallForwardingPatch | None = None


class NumberPatch(Body):
    """What of a number's voice settings can be changed."""

    call_forwarding: CallForwardingPatch | None = None


class WhatIf(Body):
    """A call to think through: `when` says what destinations do, in a test block's words."""

    trunk: Annotated[str, Field(max_length=64)]
    to: Annotated[str, Field(max_length=64)]
    when: Annotated[list[Annotated[str, Field(max_length=256)]], Field(max_length=64)] = []
    calls_before: Annotated[int, Field(ge=0, le=1_000_000_000)] = 0


class CallForwarding(BaseModel):
    """Where calls go that every route has failed, or all calls."""

    call_forwarding_enabled: bool
    forwards_to: str | None
    forwarding_type: Forwarding


class Inbound(BaseModel):
    """`timeout_1xx_secs` is the policy's `no-progress`, `timeout_2xx_secs` its `no-answer`."""

    default_routing_method: Literal["sequential", "round-robin"] | None
    timeout_1xx_secs: int
    timeout_2xx_secs: int
    channel_limit: int | None


class TrunkFacts(BaseModel):
    """What Telnyx has no words for. `changed` are the fields that are other than the policy says,
    because they were set over this API."""

    method: Literal["sequential", "round-robin", "weighted"]
    routes: list[str]
    carriers: list[str]
    egress: list[str]
    retry: str
    changed: list[str]


class Connection(BaseModel):
    """A trunk."""

    id: str
    record_type: Literal["ip_connection", "fqdn_connection", "credential_connection"]
    active: bool
    connection_name: str
    default_routing_method: Literal["sequential", "round-robin"] | None
    call_forwarding: CallForwarding
    inbound: Inbound
    tags: list[str]
    sipfo: TrunkFacts


class NumberVoice(BaseModel):
    """The voice settings of a number; `connection_id` is the trunk that has it."""

    id: str
    phone_number: str
    record_type: Literal["voice_settings"]
    connection_id: str
    call_forwarding: CallForwarding


class Meta(BaseModel):
    """Which part of a list this is."""

    page_number: int
    page_size: int
    total_pages: int
    total_results: int


class ConnectionAnswer(BaseModel):
    data: Connection


class ConnectionList(BaseModel):
    data: list[Connection]
    meta: Meta


class NumberAnswer(BaseModel):
    data: NumberVoice


class NumberList(BaseModel):
    data: list[NumberVoice]
    meta: Meta


class Answer(BaseModel):
    """What a running sipfo says of itself."""

    data: object


class Listed(BaseModel):
    """A list of what a running sipfo has."""

    data: list[dict[str, object]]
