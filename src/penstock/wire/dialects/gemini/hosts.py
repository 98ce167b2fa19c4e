"""Where Gemini models are: AI Studio (the family's own service), or Vertex."""

from __future__ import annotations

from typing import Final

from penstock.wire.dialects.dialect import Target

_VERTEX: Final = "vertex"


def is_vertex(target: Target) -> bool:
    """Whether the model is asked on Vertex."""
    return target.host == _VERTEX
