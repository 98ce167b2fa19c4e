"""Reading the file, the environment and the command line, one over the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.settings.check import ConfigError
from penstock.settings.layers import (
    Layer,
    Variable,
    command_line_layers,
    environment_layers,
    file_layer,
    merged,
)

VARIABLES = (Variable("PORT", "server.port", is_number=True), Variable("DATA", "server.data"))


def complaint(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        file_layer(path, is_required=True)
    return str(caught.value).replace(str(path), "penstock.toml")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"a = 1\nb == 2", "penstock.toml:2: not valid TOML: Invalid value (at line 2, column 4)"),
        (b"a = 1\n\nb = [1", "penstock.toml:3: not valid TOML: Unclosed array (at end of document)"),
        (
            b"a = 1\r\na = 2\r\n",
            "penstock.toml:2: not valid TOML: Cannot overwrite a value (at line 2, column 6)",
        ),
        (b"a = '\xff'", "penstock.toml:1: not UTF-8 text"),
        (b"\n\n# \xe4", "penstock.toml:3: not UTF-8 text"),
        (b"a = " + b"[" * 100_000, "penstock.toml: not valid TOML: nested too deeply"),
    ],
)
def test_text_that_is_not_toml(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "penstock.toml"
    path.write_bytes(data)
    assert complaint(path) == words


def test_a_number_too_long_to_read(tmp_path: Path) -> None:
    path = tmp_path / "penstock.toml"
    path.write_text("a = " + "9" * 5000)
    assert complaint(path).startswith("penstock.toml: not valid TOML: Exceeds the limit")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert complaint(tmp_path / "none.toml").endswith(": no such file")
    assert complaint(tmp_path) == "penstock.toml: cannot be read: Is a directory"
    assert complaint(Path("a\0b")) == "the file name is not one"


def test_a_file_that_need_not_exist(tmp_path: Path) -> None:
    assert file_layer(tmp_path / "none.toml", is_required=False) == Layer({})


def test_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "penstock.toml"
    path.write_bytes(b"\xef\xbb\xbfa = 1\r\n")
    assert file_layer(path, is_required=True).values == {"a": 1}


def test_environment() -> None:
    layers = environment_layers({"PORT": "80", "DATA": "80", "OTHER": "x"}, VARIABLES)
    assert [(layer.values, layer.label) for layer in layers] == [
        ({"server": {"port": 80}}, "PORT: "),
        ({"server": {"data": "80"}}, "DATA: "),
    ]


def test_an_empty_variable_is_not_set() -> None:
    assert list(environment_layers({"PORT": "", "DATA": ""}, VARIABLES)) == []


@pytest.mark.parametrize("text", ["-1", "+1", " 1", "1_0", "٣", "1.0", "0x1", "9" * 5000])
def test_what_is_not_a_plain_number_stays_text(text: str) -> None:
    (layer,) = environment_layers({"PORT": text}, VARIABLES)
    assert layer.values == {"server": {"port": text}}


def test_command_line_leaves_out_what_was_not_given() -> None:
    (layer,) = command_line_layers({"server.limits.max_body_bytes": 0, "server.host": None})
    assert layer.values == {"server": {"limits": {"max_body_bytes": 0}}}


def test_later_layers_win_key_by_key() -> None:
    layers = [Layer({"a": {"x": 1, "y": 1}, "b": 1}), Layer({"a": {"y": 2}}), Layer({"b": {"z": 3}})]
    assert merged(layers) == {"a": {"x": 1, "y": 2}, "b": {"z": 3}}
