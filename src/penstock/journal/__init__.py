"""The record of a call, frames, segments: appended by workers, read back by the shipper."""
