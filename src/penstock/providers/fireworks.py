"""Fireworks: the OpenAI dialect and images, below `inference/v1/` (Cloudflare 1.3.1)."""

from __future__ import annotations

import re

from penstock.providers.openai_compatible import openai_compatible
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import versioned

OPERATIONS = OperationTable("fireworks")

PROVIDER = openai_compatible(
    OPERATIONS,
    "api.fireworks.ai",
    versioned("https://api.fireworks.ai", "inference/"),
    root="/inference/v1/",
    model_address=re.compile(r"/workflows/(accounts/[^/]+/models/[^/]+)"),
)
