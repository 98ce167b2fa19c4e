"""The options of a command that name a language model, or one that makes vectors, and the settings they come to.

Read from the environment too. A key is named, never given: nobody else on the machine sees it in a list of processes.
"""

import functools
import os
from collections.abc import Callable, Sequence

import click

from parallel_local.embeddings.settings import read_embedding_settings
from parallel_local.model_server.settings import SettingsError, Stated, read_settings

_OPTIONS = (
    click.option(
        "--model-url",
        envvar="PARALLEL_LOCAL_MODEL_URL",
        default="",
        help="Base URL of an OpenAI-compatible API, such as http://127.0.0.1:8787/v1. Excerpts are sent there.",
    ),
    click.option(
        "--model", "model_name", envvar="PARALLEL_LOCAL_MODEL", default="", help="Name of the model there."
    ),
    click.option(
        "--model-key-env",
        envvar="PARALLEL_LOCAL_MODEL_KEY_ENV",
        default="",
        metavar="NAME",
        help="Environment variable that holds the key for it.",
    ),
    click.option(
        "--model-key-file",
        envvar="PARALLEL_LOCAL_MODEL_KEY_FILE",
        default="",
        metavar="PATH",
        help="File that holds the key for it.",
    ),
)


def model_options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options; it gets `model`, the settings, None where no model is wanted."""

    @functools.wraps(command)
    def with_model(
        *, model_url: str, model_name: str, model_key_env: str, model_key_file: str, **rest: object
    ) -> None:
        stated = Stated(model_url, model_name, model_key_env, model_key_file)
        try:
            settings = read_settings(stated, os.environ)
        except SettingsError as error:
            raise click.ClickException(str(error)) from None
        command(model=settings, **rest)

    return _with(with_model, _OPTIONS)


_EMBEDDING_OPTIONS = (
    click.option(
        "--embeddings",
        "embeddings_place",
        envvar="PARALLEL_LOCAL_EMBEDDINGS",
        default="",
        metavar="PLACE",
        help="Find passages by what they mean, too: by `wordllama`, a static model in a folder, or the base URL of an"
        " OpenAI-compatible API. Passages are sent there.",
    ),
    click.option(
        "--embeddings-model",
        envvar="PARALLEL_LOCAL_EMBEDDINGS_MODEL",
        default="",
        help="Name of the model there.",
    ),
    click.option(
        "--embeddings-key-env",
        envvar="PARALLEL_LOCAL_EMBEDDINGS_KEY_ENV",
        default="",
        metavar="NAME",
        help="Environment variable that holds the key for it.",
    ),
    click.option(
        "--embeddings-key-file",
        envvar="PARALLEL_LOCAL_EMBEDDINGS_KEY_FILE",
        default="",
        metavar="PATH",
        help="File that holds the key for it.",
    ),
)


def embedding_options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options; it gets `embeddings`, the settings, None where no vectors are wanted."""

    @functools.wraps(command)
    def with_embeddings(
        *,
        embeddings_place: str,
        embeddings_model: str,
        embeddings_key_env: str,
        embeddings_key_file: str,
        **rest: object,
    ) -> None:
        stated = Stated(embeddings_place, embeddings_model, embeddings_key_env, embeddings_key_file)
        try:
            settings = read_embedding_settings(stated, os.environ)
        except SettingsError as error:
            raise click.ClickException(str(error)) from None
        command(embeddings=settings, **rest)

    return _with(with_embeddings, _EMBEDDING_OPTIONS)


def _with(
    command_with: Callable[..., None], options: Sequence[Callable[..., Callable[..., None]]]
) -> Callable[..., None]:
    decorated = command_with
    for option in reversed(options):
        decorated = option(decorated)
    return decorated
