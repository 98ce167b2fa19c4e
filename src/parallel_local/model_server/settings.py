"""Which model is asked, and where: base URL, name, and the key by reference.

A key is never an option's value: it is read from an environment variable or a file that is named. Everything is
checked when the program starts; nobody is called then.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

_KEY = re.compile(r"[!-~]{1,4096}")  # what may stand in a header
_MODEL = re.compile(r"[^\s\x00-\x1f]{1,200}")
_LARGEST_KEY_FILE = 10_000
_ENDPOINTS = ("/chat/completions", "/completions", "/embeddings", "/responses")


class SettingsError(ValueError):
    """Settings nobody can be called with. The text says which and why, and never holds a key."""


class Secret:
    """A value that shows itself to nobody who prints it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value, for the header it belongs into."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"


class ModelSettings(msgspec.Struct, frozen=True):
    """A model behind an OpenAI-compatible API. `url` is the base URL, without a slash at its end."""

    url: str
    model: str
    key: Secret | None = None


class Stated(msgspec.Struct, frozen=True):
    """What was said about the model, by options and environment; empty for what was not."""

    url: str = ""
    model: str = ""
    key_env: str = ""
    key_file: str = ""


class OptionNames(msgspec.Struct, frozen=True):
    """What the options are called that said it."""

    url: str
    model: str
    key_env: str
    key_file: str


OF_THE_MODEL = OptionNames("--model-url", "--model", "--model-key-env", "--model-key-file")
OF_EMBEDDINGS = OptionNames(
    "--embeddings", "--embeddings-model", "--embeddings-key-env", "--embeddings-key-file"
)


def read_settings(
    stated: Stated, environment: Mapping[str, str], names: OptionNames = OF_THE_MODEL
) -> ModelSettings | None:
    """The settings; None when no model is wanted. Raises `SettingsError`."""
    if not stated.url and not stated.model:
        if stated.key_env or stated.key_file:
            raise SettingsError(f"a key for a model is named, but no {names.url} and no {names.model}")
        return None
    if not stated.url:
        raise SettingsError(f"{names.model} needs {names.url}, the base URL of an OpenAI-compatible API")
    if not stated.model:
        raise SettingsError(f"{names.url} needs {names.model}, the name that its server gives the model")
    if not _MODEL.fullmatch(stated.model):
        raise SettingsError(f"{names.model}: a name has no blanks and at most 200 characters")
    return ModelSettings(_base_url(stated.url, names), stated.model, _key(stated, environment, names))


def _base_url(url: str, names: OptionNames) -> str:
    """Problems are told without the URL: somebody may have put a password into it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SettingsError(f"{names.url} is not a valid URL") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise SettingsError(f"{names.url} must be an address such as https://api.example/v1")
    if not re.fullmatch(r"[!-~]+", url):
        raise SettingsError(f"{names.url} has characters that no URL has")
    if "@" in parts.netloc:
        raise SettingsError(f"{names.url} must not hold a user name or password; name a key instead")
    if parts.query or parts.fragment:
        raise SettingsError(f"{names.url} must end with its path, without '?' and '#'")
    base = url.rstrip("/")
    if base.endswith(_ENDPOINTS):
        raise SettingsError(f"{names.url} is a base URL: leave out what stands behind, as in …/v1")
    return base


def _key(stated: Stated, environment: Mapping[str, str], names: OptionNames) -> Secret | None:
    if stated.key_env and stated.key_file:
        raise SettingsError(f"{names.key_env} and {names.key_file} exclude each other")
    if stated.key_env:
        value = environment.get(stated.key_env, "").strip()
        where = f"the environment variable that {names.key_env} names"
    elif stated.key_file:
        value, where = _from_file(Path(stated.key_file), names), f"the file that {names.key_file} names"
    else:
        return None
    if not value:
        raise SettingsError(f"{where} is empty or not set")
    if not _KEY.fullmatch(value):
        raise SettingsError(f"{where} holds no key: one line of visible ASCII characters")
    return Secret(value)


def _from_file(path: Path, names: OptionNames) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_KEY_FILE).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{names.key_file} cannot be read: {type(error).__name__}") from None
