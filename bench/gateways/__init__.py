"""The gateways under test, one file each, all behind the protocol in `base.py`.

`all_gateways` lists them in the order of the table, Penstock with the given policies.
"""

from __future__ import annotations

from bench.gateways.base import Gateway
from bench.gateways.envoy import Envoy
from bench.gateways.litellm import LiteLLM
from bench.gateways.nginx import Nginx
from bench.gateways.penstock import Penstock
from bench.gateways.policies import NONE, Policies
from bench.gateways.portkey import Portkey


def all_gateways(policies: Policies = NONE) -> list[Gateway]:
    return [Penstock(policies), Nginx(), Envoy(), Portkey(), LiteLLM()]
