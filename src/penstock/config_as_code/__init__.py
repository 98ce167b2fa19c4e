"""Configuration as code: what the directory holds of an account as a TOML file, and a file made true in it."""
