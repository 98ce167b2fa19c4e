"""Composing answers out of verbatim passages. Pure, except that passages come from a library."""
