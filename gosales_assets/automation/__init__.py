"""Automation: the plan of a refresh, and how it is run and watched."""
