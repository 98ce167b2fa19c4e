"""One file per provider, pure: where a call goes and which headers are its credential."""
