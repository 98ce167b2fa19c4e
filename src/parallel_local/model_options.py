"""The options of a command that name a language model, and the settings they come to.

Read from the environment too. A key is named, never given: nobody else on the machine sees it in a list of processes.
"""

import functools
import os
from collections.abc import Callable

import click

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

    decorated: Callable[..., None] = with_model
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated
