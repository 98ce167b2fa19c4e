"""The checks of `penstock doctor`: one subject a file, all read-only."""
