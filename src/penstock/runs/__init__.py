"""Runs: what calls have made at a provider that lives on, how it becomes, what it costs, whose it is. Pure rules."""
