"""Anthropic: its own Messages dialect, version in the tail (Cloudflare 1.3.1, 1.3.3).

An OAuth-style `Authorization: Bearer` is a credential too.
"""

from __future__ import annotations

import re

from penstock.providers.base import Provider
from penstock.providers.openai_rows import MESSAGE_FLAGS
from penstock.providers.operation import Kind, Rows, Settles
from penstock.providers.operation_rows import (
    cancels,
    changes,
    counts,
    deletes,
    makes,
    orders,
    reads,
    uploads,
    whatever,
    work,
)
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import as_is
from penstock.providers.spoken import Speech, messages
from penstock.wire.answer_dialect import Dialect

_VARY = ("anthropic-user-profile-id",)
_RESULTS = Settles("path", status="", lines="/result/message")
_SESSION_DONE = Settles(final=("idle", "terminated"))


def _kept(root: str) -> Rows:
    """Something to configure, what belongs to it, and the versions of both. Credentials may be in each."""
    return (
        *makes(f"{root} {root}/{{x*}}", Kind.ACCOUNT, secret=True),
        *changes(f"{root}/{{id}} {root}/{{id}}/archive", Kind.ACCOUNT, secret=True),
        *changes(
            f"{root}/{{id}}/{{parts}}/{{p}} {root}/{{id}}/{{parts}}/{{p}}/archive", Kind.ACCOUNT, secret=True
        ),
        *reads(f"{root} {root}/{{x*}}", Kind.ACCOUNT, secret=True),
        *deletes(f"{root}/{{x*}}", Kind.ACCOUNT),
    )


OPERATIONS = OperationTable(
    "anthropic",
    work("v1/messages", Kind.MESSAGES, Dialect.ANTHROPIC, flags=MESSAGE_FLAGS, vary=_VARY),
    counts("v1/messages/count_tokens"),
    orders("v1/messages/batches", Kind.BATCH, models="body:requests[].params.model"),
    reads("v1/messages/batches v1/messages/batches/{id}", Kind.BATCH),
    reads("v1/messages/batches/{id}/results", Kind.BATCH, settles=_RESULTS),
    cancels("v1/messages/batches/{id}/cancel", Kind.BATCH),
    deletes("v1/messages/batches/{id}", Kind.BATCH),
    reads("v1/models", Kind.MODELS, lists="data[].id"),
    reads("v1/models/{m}", Kind.MODELS),
    uploads("v1/files"),
    reads("v1/files v1/files/{id} v1/files/{id}/content", Kind.FILE),
    deletes("v1/files/{id}", Kind.FILE),
    uploads("v1/skills v1/skills/{x*}", Kind.SKILL),
    reads("v1/skills v1/skills/{x*}", Kind.SKILL),
    deletes("v1/skills/{x*}", Kind.SKILL),
    makes("v1/agents", Kind.AGENT, models="body:model"),
    changes("v1/agents/{id} v1/agents/{id}/archive", Kind.AGENT),
    reads("v1/agents v1/agents/{x*}", Kind.AGENT),
    _kept("v1/environments"),
    _kept("v1/memory_stores"),
    _kept("v1/vaults"),
    _kept("v1/user_profiles"),
    _kept("v1/tunnels"),
    reads("v1/tunnels/{id}/reveal_token", Kind.ACCOUNT, method="POST", secret=True),
    changes("v1/tunnels/{id}/rotate_token", Kind.ACCOUNT, secret=True),
    orders("v1/sessions", Kind.AGENT_RUN, models="body:agent"),
    changes("v1/sessions/{id} v1/sessions/{id}/archive v1/sessions/{id}/threads/{t}/archive", Kind.AGENT_RUN),
    changes("v1/sessions/{id}/resources v1/sessions/{id}/resources/{r}", Kind.AGENT_RUN),
    deletes("v1/sessions/{x*}", Kind.AGENT_RUN),
    reads("v1/sessions/{id}", Kind.AGENT_RUN, Dialect.ANTHROPIC, settles=_SESSION_DONE),
    orders("v1/sessions/{id}/events", Kind.AGENT_RUN),
    reads("v1/sessions v1/sessions/{x*}", Kind.AGENT_RUN),
    makes("v1/deployments", Kind.AGENT_RUN),
    changes("v1/deployments/{id} v1/deployments/{id}/pause v1/deployments/{id}/unpause", Kind.AGENT_RUN),
    changes("v1/deployments/{id}/archive", Kind.AGENT_RUN, sure=False),
    orders("v1/deployments/{id}/run", Kind.AGENT_RUN),
    reads("v1/deployments v1/deployments/{x*} v1/deployment_runs v1/deployment_runs/{x*}", Kind.AGENT_RUN),
    orders("v1/dreams", Kind.AGENT_RUN),
    cancels("v1/dreams/{id}/cancel", Kind.AGENT_RUN),
    changes("v1/dreams/{id}/archive", Kind.AGENT_RUN),
    reads("v1/dreams v1/dreams/{id}", Kind.AGENT_RUN),
    work("v1/complete", Kind.COMPLETION, vary=_VARY),
    whatever("v1/organizations/{x*}", secret=True),
)

PROVIDER = Provider(
    slug="anthropic",
    domains=("api.anthropic.com",),
    locate=as_is("https://api.anthropic.com"),
    compat=("anthropic",),
    credential_headers=("x-api-key", "authorization"),
    key_header=("x-api-key", ""),
    speech=Speech(talk=(messages(),), count=(messages("v1/messages/count_tokens"),)),
    bearers=re.compile(r"sk-ant-oat.*"),  # of people, not of programs
    operations=OPERATIONS,
)
