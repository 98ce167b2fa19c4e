"""Files of reStructuredText, through the optional reader `docutils`.

It is told to open no other file and to pass nothing raw on, whatever a file asks for.
"""

from parallel_local.documents.content import Content, Unreadable, missing, whole
from parallel_local.documents.decoding import decode_text
from parallel_local.documents.html import read_html

_SAFE: dict[str, object] = {
    "raw_enabled": False,
    "file_insertion_enabled": False,
    "_disable_config": True,
    "report_level": 5,
    "halt_level": 5,
    "warning_stream": False,
    "syntax_highlight": "none",
    "math_output": "latex",
    "embed_stylesheet": False,
    "doctitle_xform": False,  # it would make the first section's heading a paragraph
    "initial_header_level": 1,
    "line_length_limit": 100_000,
}


def read_rst(content: bytes) -> Content:
    """The document as Markdown, by way of HTML. Raises `Unreadable`."""
    try:
        from docutils.core import publish_parts  # noqa: PLC0415 - optional driver
    except ImportError as error:
        raise missing("rst") from error
    source = decode_text(content)
    try:
        parts = publish_parts(source, writer="html5", settings_overrides=_SAFE)
    except Exception as error:  # what a directive stumbles over may be anything
        raise Unreadable(f"not readable reStructuredText: {type(error).__name__}") from error
    return whole(read_html(str(parts["html_body"])).text)
