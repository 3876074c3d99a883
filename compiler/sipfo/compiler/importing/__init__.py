"""Configurations that people already have to drafts of policies: a file for each kind."""
