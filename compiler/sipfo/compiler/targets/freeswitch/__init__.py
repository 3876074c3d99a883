"""FreeSWITCH: sofia profiles, a dialplan, and the script that places a call."""
