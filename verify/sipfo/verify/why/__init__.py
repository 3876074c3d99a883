"""Why a call went where it went: its attempts held against the policy, rule by rule."""
