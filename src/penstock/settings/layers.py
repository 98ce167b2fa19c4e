"""Where settings come from: the file, environment variables, the command line; each is one or more `Layer`s.

Every layer is checked by itself, so a mistake is reported where it was made, even if a later layer covers it.
What the values mean is not known here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from penstock.config_place import seen_from
from penstock.settings.check import ConfigError, Problem
from penstock.settings.toml_position import lines, nearest_line
from penstock_common.check import findings

_WHOLE_NUMBER = re.compile(r"[0-9]{1,18}")
_ERROR_LINE = re.compile(r"\(at line (\d+), column \d+\)")


class Variable(msgspec.Struct, frozen=True):
    """An environment variable and the option it sets."""

    name: str
    option: str
    is_number: bool = False


class Layer(msgspec.Struct, frozen=True):
    """Values of one origin: a file with its text, or a `label` to put before its errors."""

    values: dict[str, object]
    path: str | None = None
    text: str = ""
    label: str = ""

    def problems(self, kind: type[msgspec.Struct]) -> Iterator[Problem]:
        """All that keeps the values from being a `kind`, in the order of the text."""
        found = list(findings(self.values, kind))
        places = lines(self.text) if found else {}
        placed = [(nearest_line(places, finding.path), finding.reason) for finding in found]
        for line, reason in sorted(placed, key=lambda pair: pair[0] or 0):
            yield Problem(self.path, line, self.label + reason)


def file_layer(path: Path, *, is_required: bool, paths: Iterable[str] = ()) -> Layer:
    """What the TOML file `path` says; nothing, if it does not exist and need not.

    `paths` are dotted names, `*` for any, of values that are paths themselves: they are meant from where the file is.
    """
    name = str(path)
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        if not is_required:
            return Layer({})
        raise ConfigError([Problem(name, None, "no such file")]) from error
    except OSError as error:
        raise ConfigError([Problem(name, None, f"cannot be read: {error.strerror}")]) from error
    except ValueError as error:  # a NUL in the name
        raise ConfigError([Problem(None, None, "the file name is not one")]) from error
    text = _decoded(name, data)
    values = _parsed(name, text)
    for one in paths:
        _see_from(path, values, one)
    return Layer(values, path=name, text=text)


def environment_layers(environ: Mapping[str, str], variables: Iterable[Variable]) -> Iterator[Layer]:
    """A layer for each variable that is set and not empty."""
    for variable in variables:
        text = environ.get(variable.name)
        if text:
            is_number = variable.is_number and _WHOLE_NUMBER.fullmatch(text)
            value = int(text) if is_number else text
            yield Layer(_nested(variable.option, value), label=f"{variable.name}: ")


def command_line_layers(overrides: Mapping[str, object]) -> Iterator[Layer]:
    """A layer for each option that was given."""
    for name, value in overrides.items():
        if value is not None:
            yield Layer(_nested(name, value), label="command line: ")


def merged(layers: Iterable[Layer]) -> dict[str, object]:
    """All layers in one; the later ones win, key by key."""
    values: dict[str, object] = {}
    for layer in layers:
        values = _laid_over(values, layer.values)
    return values


def _laid_over(low: Mapping[str, object], high: Mapping[str, object]) -> dict[str, object]:
    result = dict(low)
    for key, value in high.items():
        below = result.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            result[key] = _laid_over(below, value)
        else:
            result[key] = value
    return result


def _see_from(file: Path, values: dict[str, object], name: str) -> None:
    """Makes the path at a dotted name one that is the same from everywhere. What is no path is for the check."""
    head, _, rest = name.partition(".")
    for key in list(values) if head == "*" else [head]:
        value = values.get(key)
        if rest and isinstance(value, dict):
            _see_from(file, value, rest)
        elif not rest and isinstance(value, str) and value and "\0" not in value:
            values[key] = seen_from(file, value)


def _decoded(name: str, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError([Problem(name, line, "not UTF-8 text")]) from error


def _parsed(name: str, text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ConfigError([Problem(name, None, "not valid TOML: nested too deeply")]) from error
    except ValueError as error:
        raise ConfigError([Problem(name, _error_line(error, text), f"not valid TOML: {error}")]) from error


def _error_line(error: ValueError, text: str) -> int | None:
    match = _ERROR_LINE.search(str(error))
    if match:
        return int(match[1])
    return text.count("\n") + 1 if "end of document" in str(error) else None


def _nested(name: str, value: object) -> dict[str, object]:
    head, _, rest = name.partition(".")
    return {head: _nested(rest, value) if rest else value}
