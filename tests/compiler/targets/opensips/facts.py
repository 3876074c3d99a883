"""What OpenSIPS 3.4 knows, as far as the target asks for it: settings, modules, their parameters and
functions, variables and transformations.

Taken down from its sources (`cfg.y`, the tables `cmds` and `params` of each module) and its manuals;
whoever writes something new into a template adds the fact here, after looking it up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SETTINGS: Final = frozenset(
    {
        "log_level",
        "xlog_level",
        "udp_workers",
        "tcp_workers",
        "tcp_connect_timeout",
        "auto_aliases",
        "server_signature",
        "max_while_loops",
        "disable_dns_failover",
        "dns_retr_time",
        "dns_retr_no",
    }
)

MOST_BLOCKS: Final = 40
"""`RT_NO` of the oldest config.h: later ones have more."""

PARAMETERS: Final[dict[tuple[str, str], type]] = {
    ("tm", "fr_timeout"): int,
    ("tm", "fr_inv_timeout"): int,
    ("tm", "restart_fr_on_each_reply"): int,
    ("tm", "onreply_avp_mode"): int,
    ("tm", "disable_6xx_block"): int,
    ("rr", "append_fromtag"): int,
    ("rr", "enable_double_rr"): int,
    ("dialog", "default_timeout"): int,
    ("dialog", "profiles_with_value"): str,
    ("cfgutils", "shvset"): str,
    ("mi_fifo", "fifo_name"): str,
    ("proto_tcp", "tcp_async"): int,
}

MODULES: Final[dict[str, tuple[str, ...]]] = {
    "signaling": (),
    "sl": (),
    "tm": (),
    "rr": (),
    "maxfwd": (),
    "sipmsgops": (),
    "dialog": ("tm", "rr"),
    "cfgutils": (),
    "mi_fifo": (),
    "proto_udp": (),
    "proto_tcp": (),
}
"""Each module with those that are loaded before it."""

REQUEST: Final = "route"
FAILURE: Final = "failure_route"
REPLY: Final = "onreply_route"
BRANCH: Final = "branch_route"
ALL: Final = frozenset({REQUEST, FAILURE, REPLY, BRANCH})


@dataclass(frozen=True)
class Function:
    """A function: the kinds of its arguments, of which the first `least` must be there, and the kinds
    of routes that may call it."""

    module: str
    kinds: tuple[str, ...]
    routes: frozenset[str]
    least: int


def _of(module: str, *kinds: str, on: frozenset[str] = ALL, least: int | None = None) -> Function:
    return Function(module, kinds, on, len(kinds) if least is None else least)


_ASKED: Final = frozenset({REQUEST})
_TRIED: Final = frozenset({REQUEST, FAILURE})

FUNCTIONS: Final = {
    "force_rport": _of("core"),
    "force_send_socket": _of("core", "str"),
    "xlog": _of("core", "str", "str", least=1),
    "send_reply": _of("signaling", "int", "str", on=frozenset({REQUEST, FAILURE})),
    "t_newtran": _of("tm", on=_ASKED),
    "t_reply": _of("tm", "int", "str", on=_TRIED),
    "t_relay": _of("tm", "str", "str", on=_TRIED, least=0),
    "t_on_failure": _of("tm", "str"),
    "t_on_reply": _of("tm", "str"),
    "t_on_branch": _of("tm", "str"),
    "t_check_trans": _of("tm", on=frozenset({REQUEST, BRANCH})),
    "t_local_replied": _of("tm", "str"),
    "t_was_cancelled": _of("tm"),
    "record_route": _of("rr", "str", on=frozenset({REQUEST, BRANCH, FAILURE}), least=0),
    "loose_route": _of("rr", on=_ASKED),
    "mf_process_maxfwd_header": _of("maxfwd", "int", on=_ASKED),
    "append_to_reply": _of("sipmsgops", "str", on=frozenset({REQUEST, FAILURE, BRANCH})),
    "append_hf": _of("sipmsgops", "str", "str", least=1),
    "insert_hf": _of("sipmsgops", "str", "str", least=1),
    "remove_hf": _of("sipmsgops", "str"),
    "is_present_hf": _of("sipmsgops", "str"),
    "is_method": _of("sipmsgops", "str"),
    "has_body": _of("sipmsgops", "str", least=0),
    "is_privacy": _of("sipmsgops", "str"),
    "has_totag": _of("sipmsgops"),
    "create_dialog": _of("dialog", "str", on=_ASKED, least=0),
    "match_dialog": _of("dialog", "str", on=_ASKED, least=0),
    "set_dlg_profile": _of("dialog", "str", "str", least=1),
    "unset_dlg_profile": _of("dialog", "str", "str", least=1),
    "get_profile_size": _of("dialog", "str", "str", "var"),
    "get_static_lock": _of("cfgutils", "str"),
    "release_static_lock": _of("cfgutils", "str"),
}

VARIABLES: Final = {
    "avp": "core",
    "var": "core",
    "ru": "core",
    "rU": "core",
    "du": "core",
    "rm": "core",
    "rr": "core",
    "si": "core",
    "ct": "core",
    "hdr": "core",
    "Ts": "core",
    "socket_in": "core",
    "DLG_status": "dialog",
    "RANDOM": "cfgutils",
    "shv": "cfgutils",
    "T_reply_code": "tm",
    "T_branch_idx": "tm",
    "T_fr_timeout": "tm",
    "T_fr_inv_timeout": "tm",
}

WRITTEN: Final = frozenset({"avp", "var", "ru", "du", "shv", "T_fr_timeout", "T_fr_inv_timeout"})
"""Variables that may be assigned to."""

TRANSFORMATIONS: Final = frozenset({"s.select", "s.int", "re.subst", "nameaddr.uri"})
