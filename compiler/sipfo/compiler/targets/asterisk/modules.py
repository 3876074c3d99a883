"""The modules that Asterisk loads: these and no others, so that nothing listens that no policy needs."""

from __future__ import annotations

from typing import Final

REGISTRAR: Final = "users that register"
"""The group that a policy without any does not need."""

MODULES: Final = (
    ("the files", ("res_sorcery_config", "res_sorcery_memory", "res_sorcery_astdb")),
    (
        "SIP",
        (
            "res_statsd",
            "res_geolocation",
            "res_timing_timerfd",
            "res_resolver_unbound",
            "res_pjproject",
            "res_pjsip",
            "res_pjsip_session",
            "res_pjsip_pubsub",
            "res_pjsip_authenticator_digest",
            "res_pjsip_outbound_authenticator_digest",
            "res_pjsip_endpoint_identifier_ip",
            "res_pjsip_endpoint_identifier_anonymous",
            "res_pjsip_caller_id",
            "res_pjsip_header_funcs",
            "res_pjsip_nat",
            "res_pjsip_rfc3326",
            "res_pjsip_dtmf_info",
            "chan_pjsip",
        ),
    ),
    (
        REGISTRAR,
        (
            "res_pjsip_registrar",
            "res_pjsip_path",
            "res_pjsip_endpoint_identifier_user",
        ),
    ),
    (
        "media",
        (
            "res_rtp_asterisk",
            "res_pjsip_sdp_rtp",
            "res_srtp",
            "bridge_simple",
            "bridge_native_rtp",
            "codec_ulaw",
            "codec_alaw",
            "codec_a_mu",
            "codec_g722",
            "codec_resample",
            "res_format_attr_opus",
            "res_format_attr_g729",
        ),
    ),
    (
        "the dialplan",
        (
            "pbx_config",
            "app_dial",
            "app_originate",
            "app_softhangup",
            "app_stack",
            "app_verbose",
            "func_callerid",
            "func_channel",
            "func_cut",
            "func_db",
            "func_dialplan",
            "func_export",
            "func_global",
            "func_groupcount",
            "func_hangupcause",
            "func_lock",
            "func_logic",
            "func_math",
            "func_pjsip_aor",
            "func_pjsip_contact",
            "func_rand",
            "func_srv",
            "func_strings",
        ),
    ),
)
"""What each group is for, and its modules in the order in which they are loaded."""
