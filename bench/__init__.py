"""The reproducible side-by-side benchmark: Penstock beside nginx, Envoy, Portkey and LiteLLM, in one run.

`python -m bench` installs what it can, runs every work on the same two cores and prints one table of ratios.
"""
