"""The Lua that tells wrk what to send, and what to look for in the answers.

Pure. Counting and looking cost the load time, so a script has only what it was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping

from bench.payload import COUNTER

COUNTING = """\
local before, after
local number = %(first)d
function init(args)
  local whole = wrk.format()
  local at = whole:find("%(counter)s", 1, true)
  before, after = whole:sub(1, at - 1), whole:sub(at + %(digits)d)
end
function request()
  number = number + 1
  return before .. string.format("%%0%(digits)d.0f", number) .. after
end"""
LOOKING = """\
local looking
unexpected, first_unexpected = 0, ""
function setup(thread)
  looking = thread
end
function response(status, headers, body)
  local found = "no cf-aig-cache-status"
  for name, value in pairs(headers) do
    if name:lower() == "cf-aig-cache-status" then found = value end
  end
  if status ~= 200 or found ~= %(expected)s then
    if unexpected == 0 then first_unexpected = status .. " with " .. found end
    unexpected = unexpected + 1
  end
end
function done(summary, latency, requests)
  print(string.format("Unexpected answers: %%d, first: %%s",
    looking:get("unexpected"), looking:get("first_unexpected")))
end"""


def script(
    headers: Mapping[str, str], body: bytes, expected: str | None = None, first: int | None = None
) -> str:
    """The Lua that makes wrk send the same POST each time.

    With `first` each body has a number from there on in place of `payload.COUNTER`. With `expected` every answer
    is looked at: is it 200, with this `cf-aig-cache-status`?
    """
    lines = ['wrk.method = "POST"', f"wrk.body = {quoted(body.decode())}"]
    lines += [f"wrk.headers[{quoted(name)}] = {quoted(value)}" for name, value in headers.items()]
    if first is not None:
        lines.append(COUNTING % {"counter": COUNTER.decode(), "digits": len(COUNTER), "first": first})
    if expected is not None:
        lines.append(LOOKING % {"expected": quoted(expected)})
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    """A string of Lua."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
