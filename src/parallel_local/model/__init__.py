"""Answers with a language model: it plans, judges and writes; what it says is held against the documents."""
