"""Who may call and with what: tokens, sealed secrets, the master key."""
