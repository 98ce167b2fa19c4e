"""`python -m penstock.stores.sqlite.control_store.migrations`: writes `new_file.sql` anew, after a step was added."""

from __future__ import annotations

from penstock.stores.sqlite.control_store.migrations.new_file import PATH
from penstock.stores.sqlite.control_store.migrations.steps import new_file_sql

PATH.write_text(new_file_sql(), encoding="utf-8")
