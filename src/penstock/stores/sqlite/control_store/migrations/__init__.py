"""The steps that make the directory's tables, and bring an older file up to date (Alembic)."""
