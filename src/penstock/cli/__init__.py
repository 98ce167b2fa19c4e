"""The commands of `penstock`, one file each."""
