"""The tables of what becomes of recorded calls: what is taken, and why the rest is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.settings import ConfigError, Settings, load

PUSH = "[log_push.a]\n"
FOLDER = '[log_push.a.folder]\npath = "logs"\n'
BUCKET = '[log_push.a.s3]\nendpoint = "https://s3.example"\nbucket = "logs"\n'


def loaded(folder: Path, text: str) -> Settings:
    file = folder / "penstock.toml"
    file.write_text(text)
    return load(file, environ={}, overrides={})


def test_jobs_retention_and_metrics(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        PUSH + 'gateways = ["acct/gw"]\nmax_interval = 5\n' + FOLDER + '[retention]\nlogs = "90d"\n'
        '[retention.gateways]\n"acct/gw" = "12h"\n[metrics]\nmodels = 5\n'
        '[telemetry]\notlp_metrics = {url = "https://otel.example/v1/metrics", headers = {a = "hidden"}}\n',
    )
    assert settings.log_push["a"].gateways == ("acct/gw",)
    assert settings.retention.gateways == {"acct/gw": "12h"}
    assert settings.telemetry.otlp_metrics is not None
    assert "hidden" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (PUSH, 'exactly one of the tables "folder", "http" and "s3"'),
        (PUSH + FOLDER + BUCKET, 'exactly one of the tables "folder", "http" and "s3"'),
        (PUSH + 'gateways = ["gw"]\n' + FOLDER, "account/gateway"),
        ('[log_push."a b"]\n' + FOLDER, "up to 64 letters"),
        (PUSH + "max_records = 0\n" + FOLDER, "a whole number from 1 to 100000"),
        (BUCKET + 'prefix = "/x"\n', "names with / between them"),
        (BUCKET + 'key_id_variable = "a-b"\n', "the name of an environment variable"),
        ('[log_push.a.http]\nurl = "ftp://x"\n', "an http(s) URL"),
        ('[log_push.a.http]\nurl = "http://x"\nheaders = {a = "hidden\\n"}\n', "values of one line"),
        ('[retention]\nlogs = "90"\n', "a number with its unit"),
        ('[retention]\nlogs = "0d"\n', "a number with its unit"),
        ("[metrics]\nmodels = 1001\n", "a whole number from 0 to 1000"),
        ('[telemetry.otlp_metrics]\nurl = "http://x"\ninterval = 0.5\n', "a number from 1 to 86400"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text)
    assert reason in str(caught.value)
    assert "hidden" not in str(caught.value)
