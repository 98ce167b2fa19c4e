"""What orders something at all kinds of providers, for tests of what is sent once, and by whom."""

from __future__ import annotations

from conftest import Connect, OpenGateway
from support.client import Answer, Header
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.replies import whole
from support.upstream import Upstream

BASE = "/v1/acct/gw"
JSON = ("content-type", "application/json")
ALL = (
    "openai", "anthropic", "google-ai-studio", "google-vertex-ai", "azure-openai", "groq", "mistral", "grok", "cohere",
    "elevenlabs", "replicate", "aws-bedrock", "parallel", "fal", "deepgram", "workers-ai", "custom-own",
)  # fmt: skip
OK = whole(b'{"id":"x"}', headers=(JSON,))
FORM = ("content-type", "multipart/form-data; boundary=B")
QUEUE = ("x-fal-target-url", "https://queue.fal.run/fal-ai/x")
BATCH = ("openai/v1/batches", b'{"input_file_id":"f"}', JSON)

Asked = tuple[str, bytes, Header]  # a tail, a body, a header


def form(name: str, value: str) -> bytes:
    return f'--B\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n--B--\r\n'.encode()


ORDERS: dict[str, Asked] = {
    "a batch": BATCH,
    "in the background": ("openai/v1/responses", b'{"model":"m","background":true}', JSON),
    "a video": ("openai/v1/videos", b'{"model":"sora-2"}', JSON),
    "a fine-tune": ("openai/v1/fine_tuning/jobs", b'{"model":"m"}', JSON),
    "a message of a thread": ("openai/v1/threads/t/messages", b"{}", JSON),
    "batches of messages": ("anthropic/v1/messages/batches", b'{"requests":[]}', JSON),
    "a video of Google's": ("google-ai-studio/v1beta/models/veo-3:predictLongRunning", b"{}", JSON),
    "a batch at Azure": ("azure-openai/res/openai/v1/batches", b"{}", JSON),
    "by an encoded path": ("groq/openai/v1//%62atches", b"{}", JSON),
    "a job of Mistral's": ("mistral/v1/batch/jobs", b"{}", JSON),
    "deferred": ("grok/v1/chat/completions", b'{"model":"m","deferred":true}', JSON),
    "embed jobs": ("cohere/v1/embed-jobs", b"{}", JSON),
    "a prediction": ("replicate/predictions", b"{}", JSON),
    "an invocation": ("aws-bedrock/bedrock-runtime/us-east-1/async-invoke", b'{"modelId":"m"}', JSON),
    "a task": ("parallel/v1/tasks/runs", b'{"processor":"ultra"}', JSON),
    "a monitor": ("parallel/v1/monitors", b"{}", JSON),
    "in a queue": ("fal", b"{}", QUEUE),
    "to be called back": ("deepgram/v1/listen?model=nova-3&callback=https://x.example", b"RIFF", JSON),
    "told by a webhook": ("elevenlabs/v1/speech-to-text", form("webhook", "true"), FORM),
    "what no row knows": ("openai/v1/nobody/knows", b"{}", JSON),
    "at a provider of one's own": ("custom-own/v1/predict", b"{}", JSON),
}
"""Each makes something that lives on."""


async def opened(open_gateway: OpenGateway, upstream: Upstream, **fields: object) -> InProcess:
    return await open_gateway(gateways(gw=fields) + providers(dict.fromkeys(ALL, upstream.url)))


async def ask(connect: Connect, gateway: InProcess, asked: Asked, *headers: Header) -> Answer:
    tail, body, header = asked
    return await (await connect(gateway.url)).ask("POST", f"{BASE}/{tail}", header, *headers, body=body)
