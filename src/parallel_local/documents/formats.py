"""Which format a file is of, by its name, and who reads it. The only table of formats there is."""

from collections.abc import Callable
from functools import partial
from posixpath import basename, splitext

import msgspec

from parallel_local.documents.content import Content, Unreadable, bounded
from parallel_local.documents.delimited import read_delimited
from parallel_local.documents.docx import read_docx
from parallel_local.documents.epub import read_epub
from parallel_local.documents.html import read_html_file
from parallel_local.documents.json_records import read_json, read_json_lines
from parallel_local.documents.mail import read_eml, read_mbox
from parallel_local.documents.notebook import read_notebook
from parallel_local.documents.org import read_org
from parallel_local.documents.pdf import read_pdf
from parallel_local.documents.plain import read_plain, read_source_code
from parallel_local.documents.pptx import read_pptx
from parallel_local.documents.rst import read_rst
from parallel_local.documents.xlsx import read_xlsx


class Format(msgspec.Struct, frozen=True):
    """A kind of file. A `heavy` one is read in a process of its own: its reader may hang, die, or want all memory."""

    name: str
    read: Callable[[bytes], Content]
    heavy: bool = False


_CODE = {
    "bash": "sh bash zsh fish",
    "c": "c h",
    "clojure": "clj",
    "cpp": "cc cpp cxx hh hpp",
    "csharp": "cs",
    "css": "css scss less",
    "dart": "dart",
    "elixir": "ex exs",
    "erlang": "erl",
    "go": "go",
    "graphql": "graphql",
    "haskell": "hs",
    "ini": "ini cfg conf properties",
    "java": "java",
    "javascript": "js mjs cjs jsx",
    "julia": "jl",
    "kotlin": "kt kts",
    "lua": "lua",
    "makefile": "mk",
    "ocaml": "ml mli",
    "perl": "pl pm",
    "php": "php",
    "powershell": "ps1",
    "protobuf": "proto",
    "python": "py pyi",
    "r": "r",
    "ruby": "rb",
    "rust": "rs",
    "scala": "scala",
    "sql": "sql",
    "svelte": "svelte",
    "swift": "swift",
    "terraform": "tf",
    "tex": "tex",
    "toml": "toml",
    "typescript": "ts tsx",
    "vue": "vue",
    "xml": "xml",
    "yaml": "yaml yml",
    "zig": "zig",
}
_MARKDOWN = Format("markdown", read_plain)
_TEXT = Format("text", read_plain)
_HTML = Format("html", read_html_file)


def _code(language: str) -> Format:
    return Format("code", partial(read_source_code, language=language))


_BY_ENDING = {
    **{f".{ending}": _code(language) for language, endings in _CODE.items() for ending in endings.split()},
    **dict.fromkeys((".md", ".markdown", ".mdx"), _MARKDOWN),
    **dict.fromkeys((".txt", ".text", ".log", ".adoc", ".asciidoc"), _TEXT),
    **dict.fromkeys((".html", ".htm", ".xhtml"), _HTML),
    ".pdf": Format("pdf", read_pdf, heavy=True),
    ".docx": Format("docx", read_docx, heavy=True),
    ".pptx": Format("pptx", read_pptx, heavy=True),
    ".xlsx": Format("xlsx", read_xlsx, heavy=True),
    ".csv": Format("csv", read_delimited),
    ".tsv": Format("tsv", partial(read_delimited, separator="\t")),
    ".json": Format("json", read_json),
    ".jsonl": Format("jsonl", read_json_lines),
    ".ndjson": Format("jsonl", read_json_lines),
    ".epub": Format("epub", read_epub, heavy=True),
    ".eml": Format("eml", read_eml, heavy=True),
    ".mbox": Format("mbox", read_mbox, heavy=True),
    ".rst": Format("rst", read_rst, heavy=True),
    ".org": Format("org", read_org),
    ".ipynb": Format("ipynb", read_notebook),
}
_BY_NAME = {"makefile": _code("makefile"), "dockerfile": _code("dockerfile"), "readme": _TEXT}


def format_of(name: str) -> Format | None:
    """The format of a file of this name, or None when such files are not read."""
    stem, ending = splitext(name)
    return _BY_ENDING.get(ending.lower()) if ending else _BY_NAME.get(basename(stem).lower())


def read_content(name: str, content: bytes) -> Content:
    """The content of a file of this name, within bounds. Raises `Unreadable`."""
    format_ = format_of(name)
    if format_ is None:
        raise Unreadable("files of this kind are not read")
    try:
        return bounded(format_.read(content))
    except RecursionError as error:
        raise Unreadable("it is nested too deeply") from error
