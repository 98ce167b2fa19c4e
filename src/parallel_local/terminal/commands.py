"""`parallel-local ask` and `parallel-local search`: options, and what is shown of an answer.

Exit code 0 says that something was found, 1 that nothing was, 2 that the command could not be carried out.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
import msgspec

from parallel_local.embeddings.settings import EmbeddingSettings
from parallel_local.model_options import embedding_options, model_options
from parallel_local.model_server.settings import ModelSettings
from parallel_local.terminal.engine import CannotAsk, Place, told
from parallel_local.terminal.printing import Printer
from parallel_local.wire.common import Citation, Confidence, FieldBasis, Notice
from parallel_local.wire.search import SearchResult
from penstock_common.printable import one_line

_PROCESSORS = ("lite", "base", "core")
_LONGEST_QUERY = 200
_EXCERPT_CHARS = 600
_MOST_RESULTS = 20
_NOT_FOUND = 1
DataOf = Callable[[Path], Path]
PlaceOf = Callable[[Path | None, str | None, str], Place]
Told = TypeVar("Told")


class _Failed(click.ClickException):
    """Nothing was found out."""

    exit_code = 2


class _Message(msgspec.Struct, frozen=True):
    content: str


class _Choice(msgspec.Struct, frozen=True):
    message: _Message


class _Answer(msgspec.Struct, frozen=True):
    """What is read of a chat completion."""

    choices: list[_Choice]
    basis: list[FieldBasis] = []


class _Results(msgspec.Struct, frozen=True):
    """What is read of search results."""

    results: list[SearchResult]
    warnings: list[Notice] | None = None


class _Said(msgspec.Struct, frozen=True):
    """`ask --json`."""

    question: str
    found: bool
    answer: str
    confidence: Confidence | None
    citations: list[Citation]


def terminal_commands(samples: Path, data_of: DataOf) -> list[click.Command]:
    """The commands. `samples` are the documents without a folder; `data_of` says where an index is kept."""

    def place(docs: Path | None, url: str | None, api_key: str) -> Place:
        if docs is not None and url is not None:
            raise click.UsageError("--docs and --url exclude each other: ask a folder or a running engine")
        folder = docs or samples
        # Not the folder of `serve`: an engine may be working on that one.
        return Place(folder, data_of(folder) / "terminal", url, api_key)

    return [_ask(place), _search(place)]


def _ask(place: PlaceOf) -> click.Command:
    @click.command()
    @click.argument("question", nargs=-1, required=True)
    @click.option("--processor", default="base", show_default=True, type=click.Choice(_PROCESSORS))
    @_where
    @model_options
    @embedding_options
    def ask(
        question: tuple[str, ...],
        processor: str,
        docs: Path | None,
        url: str | None,
        api_key: str,
        as_json: bool,
        model: ModelSettings | None,
        embeddings: EmbeddingSettings | None,
    ) -> None:
        """Answer QUESTION out of documents, with sources.

        Exit code 0 says that something was found, 1 that nothing was, 2 that the question could not be asked.

        \b
        Examples:
          parallel-local ask "Who may sign contracts?" --docs handbook
          parallel-local ask "Who may sign contracts?" --url http://127.0.0.1:8790
        """
        asked = _text(question, "question")
        if docs is None and url is None:
            _check_no_folder(question)
        body = {"model": processor, "messages": [{"role": "user", "content": asked}]}
        there = msgspec.structs.replace(place(docs, url, api_key), model=model, embeddings=embeddings)
        answer = _call(there, "/v1beta/chat/completions", body, _Answer)
        _show_answer(Printer(), asked, answer, as_json=as_json)

    return ask


def _search(place: PlaceOf) -> click.Command:
    @click.command()
    @click.argument("query", nargs=-1, required=True)
    @click.option(
        "--limit", default=5, show_default=True, type=click.IntRange(1, _MOST_RESULTS), help="Most results."
    )
    @_where
    @embedding_options
    def search(
        query: tuple[str, ...],
        limit: int,
        docs: Path | None,
        url: str | None,
        api_key: str,
        as_json: bool,
        embeddings: EmbeddingSettings | None,
    ) -> None:
        """Search documents for QUERY and show the best passages.

        Exit code 0 says that something was found, 1 that nothing was, 2 that the search could not be made.

        \b
        Examples:
          parallel-local search travel expenses --docs handbook
          parallel-local search travel expenses --docs handbook --limit 3
        """
        asked = _text(query, "query")
        if docs is None and url is None:
            _check_no_folder(query)
        settings = {"max_results": limit, "excerpt_settings": {"max_chars_per_result": _EXCERPT_CHARS}}
        body = {
            "objective": asked,
            "search_queries": [asked[:_LONGEST_QUERY]],
            "advanced_settings": settings,
        }
        there = msgspec.structs.replace(place(docs, url, api_key), embeddings=embeddings)
        results = _call(there, "/v1/search", body, _Results)
        _show_results(Printer(), results, as_json=as_json)

    return search


def _where(command: Callable[..., None]) -> Callable[..., None]:
    """The options that both commands have."""
    folder = click.Path(exists=True, file_okay=False, path_type=Path)
    for option in (
        click.option("--json", "as_json", is_flag=True, help="One line of JSON, for programs."),
        click.option("--api-key", envvar="PARALLEL_LOCAL_API_KEY", default="local", help="The engine's key."),
        click.option("--url", metavar="URL", help="Ask a running engine, as http://127.0.0.1:8790."),
        click.option(
            "--docs", type=folder, help="Ask this folder; without it and --url, the sample documents."
        ),
    ):
        command = option(command)
    return command


def _text(words: tuple[str, ...], what: str) -> str:
    text = " ".join(words).strip()
    if not text:
        raise click.UsageError(f"the {what} is empty")
    return text


def _check_no_folder(words: tuple[str, ...]) -> None:
    """A folder behind a question is meant to be asked, and not a part of it."""
    if len(words) > 1 and Path(words[-1]).is_dir():
        folder = one_line(words[-1])
        raise click.UsageError(
            f"{folder} is a folder: to ask it say --docs {folder}; where it is a word of yours, "
            "put all that you ask into one pair of quotation marks"
        )


def _call(place: Place, path: str, body: object, type_: type[Told]) -> Told:
    """What the engine answers, as `type_`. Raises `_Failed`."""
    with Printer().waiting(f"asking {place.url or place.docs}"):
        try:
            return msgspec.json.decode(asyncio.run(told(place, path, body)), type=type_)
        except CannotAsk as error:
            raise _Failed(one_line(str(error))) from error
        except msgspec.DecodeError as error:
            raise _Failed(one_line(f"{place.url} answers, but is no engine: {error}")) from error


def _show_answer(printer: Printer, asked: str, answer: _Answer, *, as_json: bool) -> None:
    text = answer.choices[0].message.content if answer.choices else ""
    cited = [citation for entry in answer.basis for citation in entry.citations]
    confidence = answer.basis[0].confidence if cited else None
    if as_json:
        printer.json(_Said(asked, bool(cited), text, confidence, cited))
    else:
        printer.body(text)
        if confidence:
            printer.line("")
            printer.line(f"Confidence: {confidence}", "dim")
    _end(found=bool(cited))


def _show_results(printer: Printer, found: _Results, *, as_json: bool) -> None:
    if as_json:
        printer.json(found)
        _end(found=bool(found.results))
    for place, result in enumerate(found.results, start=1):
        dated = f" ({result.publish_date})" if result.publish_date else ""
        printer.line(f"[{place}] {result.title or result.url}{dated}", "bold green")
        printer.line(result.url, "cyan", indent=4)
        printer.quotations(result.excerpts, indent=4)
    if not found.results:
        printer.line("nothing found in the documents")
    _end(found=bool(found.results))


def _end(*, found: bool) -> None:
    """Leave with the code that says so."""
    click.get_current_context().exit(0 if found else _NOT_FOUND)
