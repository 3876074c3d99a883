"""Q.850 causes by FreeSWITCH's names, and the one that it gives a response without a Reason header.

Both are tables of its source (switch_channel.c, sofia_glue.c). What would surprise: the script sees
the cause of an attempt whether the response had one or not, so that one that is FreeSWITCH's own for
the code says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CAUSES: Final[Mapping[int, str]] = {
    1: "UNALLOCATED_NUMBER",
    2: "NO_ROUTE_TRANSIT_NET",
    3: "NO_ROUTE_DESTINATION",
    6: "CHANNEL_UNACCEPTABLE",
    7: "CALL_AWARDED_DELIVERED",
    16: "NORMAL_CLEARING",
    17: "USER_BUSY",
    18: "NO_USER_RESPONSE",
    19: "NO_ANSWER",
    20: "SUBSCRIBER_ABSENT",
    21: "CALL_REJECTED",
    22: "NUMBER_CHANGED",
    23: "REDIRECTION_TO_NEW_DESTINATION",
    25: "EXCHANGE_ROUTING_ERROR",
    27: "DESTINATION_OUT_OF_ORDER",
    28: "INVALID_NUMBER_FORMAT",
    29: "FACILITY_REJECTED",
    30: "RESPONSE_TO_STATUS_ENQUIRY",
    31: "NORMAL_UNSPECIFIED",
    34: "NORMAL_CIRCUIT_CONGESTION",
    38: "NETWORK_OUT_OF_ORDER",
    41: "NORMAL_TEMPORARY_FAILURE",
    42: "SWITCH_CONGESTION",
    43: "ACCESS_INFO_DISCARDED",
    44: "REQUESTED_CHAN_UNAVAIL",
    45: "PRE_EMPTED",
    50: "FACILITY_NOT_SUBSCRIBED",
    52: "OUTGOING_CALL_BARRED",
    54: "INCOMING_CALL_BARRED",
    57: "BEARERCAPABILITY_NOTAUTH",
    58: "BEARERCAPABILITY_NOTAVAIL",
    63: "SERVICE_UNAVAILABLE",
    65: "BEARERCAPABILITY_NOTIMPL",
    66: "CHAN_NOT_IMPLEMENTED",
    69: "FACILITY_NOT_IMPLEMENTED",
    79: "SERVICE_NOT_IMPLEMENTED",
    81: "INVALID_CALL_REFERENCE",
    88: "INCOMPATIBLE_DESTINATION",
    95: "INVALID_MSG_UNSPECIFIED",
    96: "MANDATORY_IE_MISSING",
    102: "RECOVERY_ON_TIMER_EXPIRE",
    111: "PROTOCOL_ERROR",
    127: "INTERWORKING",
}

OWN: Final[Mapping[int, tuple[int, ...]]] = {
    21: (401, 402, 403, 407, 603),
    1: (404,),
    3: (485, 604),
    102: (408, 504),
    22: (410,),
    127: (413, 414, 416, 420, 421, 423, 505, 513),
    18: (480,),
    41: (400, 481, 500, 503),
    17: (486, 600),
    28: (484,),
    88: (488, 606),
    38: (502,),
    63: (405,),
    79: (406, 415, 501),
    25: (482, 483),
}
"""The codes that FreeSWITCH itself gives a cause; 487 is none of Q.850, and every other code 31."""

OTHERS: Final = 31
"""The cause of a code that is not in `OWN`."""


def own_cause(code: int) -> int | None:
    """The cause that FreeSWITCH gives a response of this code that has none; None for 487."""
    if code == 487:
        return None
    return next((cause for cause, codes in OWN.items() if code in codes), OTHERS)
