"""YAML front matter: splitting it off and reading the few keys the engine knows.

Broken front matter never loses a document: it counts as absent, the text stays whole, and what is wrong is said
with its line.
"""

import datetime
import re

import msgspec
import yaml

from parallel_local.documents.document import Entity

_BLOCK = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_OPENED = re.compile(r"\A\ufeff?---[ \t]*\r?\n[A-Za-z_][\w-]*:(?:[ \t]|\r?\n)")
_LONGEST = 65_536  # characters: reading it takes long, and no document has so much
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class FrontMatter(msgspec.Struct, frozen=True):
    """The keys that matter; anything missing or malformed is None or empty. `problem` is why none could be read."""

    title: str | None = None
    url: str | None = None
    date: str | None = None
    entities: tuple[Entity, ...] = ()
    problem: str | None = None


def split_front_matter(source: str) -> tuple[FrontMatter, str]:
    """Front matter and the text after it; the whole source when there is none or it cannot be read."""
    match = _BLOCK.match(source)
    if match is None:
        is_open = _OPENED.match(source) is not None
        return FrontMatter(problem=_broken(1, "nothing ends it") if is_open else None), source
    if len(match.group(1)) > _LONGEST:
        return FrontMatter(problem=_broken(1, f"longer than {_LONGEST:,} characters")), source
    try:
        # The C-free safe loader keeps dates as dates and never builds foreign objects.
        keys: object = yaml.safe_load(match.group(1))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return FrontMatter(problem=_broken(mark.line + 2 if mark else 2, error.problem or "no YAML")), source
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return FrontMatter(problem=_broken(2, " ".join(str(error).split())[:200])), source
    if not isinstance(keys, dict):
        return FrontMatter(), source
    return _read(keys), source[match.end() :]


def _broken(line: int, why: str) -> str:
    """Lines are those of the file: the matter starts in the second."""
    return f"front matter that cannot be read, line {line}: {why}"


def iso_date(value: object) -> str | None:
    """`YYYY-MM-DD` from a date, a timestamp or text that starts with a real date."""
    if isinstance(value, datetime.datetime):
        return value.date().isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    found = _DATE.match(value.strip()) if isinstance(value, str) else None
    if found is None:
        return None
    try:
        return datetime.date.fromisoformat(found.group()).isoformat()
    except ValueError:
        return None


def _read(keys: dict[object, object]) -> FrontMatter:
    listed = keys.get("entities")
    entities = [_entity(item) for item in listed] if isinstance(listed, list) else []
    return FrontMatter(
        title=_text(keys.get("title")),
        url=_absolute(keys.get("url")),
        date=iso_date(keys.get("date")),
        entities=tuple(entity for entity in entities if entity is not None),
    )


def _entity(item: object) -> Entity | None:
    if not isinstance(item, dict):
        return None
    name = _text(item.get("name"))
    if name is None:
        return None
    known = ("name", "type", "url")
    facts = {str(key): text for key, value in item.items() if key not in known and (text := _text(value))}
    return Entity(name=name, type=_text(item.get("type")) or "", url=_absolute(item.get("url")), facts=facts)


def _text(value: object) -> str | None:
    if isinstance(value, (str, int, float, datetime.date)):
        return str(value).strip() or None
    return None


def _absolute(value: object) -> str | None:
    url = _text(value)
    return url if url and re.match(r"https?://[^\s/]+", url) else None
