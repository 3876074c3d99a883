"""Diagnostics for people and for tools: text, JSON, GitHub's workflow commands and SARIF."""
