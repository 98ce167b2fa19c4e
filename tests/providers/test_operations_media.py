"""What each request is to the providers of sound, images, video and hosted models.

The tables are written as the reference has them: what is paid (`y` now, `n` nothing, `o` later, `?` unknown), what is
done, whether the answer may be kept (`c` or `-`), the model that is named (`-`: none).
"""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest

from penstock.providers.base import Provider, model_at, operations_at
from penstock.providers.operation import Bills, Cacheable, Effect, Kind, Operation
from penstock.providers.operation_table import UNKNOWN, UNKNOWN_OPERATION
from penstock.providers.registry import Registry, native
from penstock.providers.request_reading import Request, flagged, named_model

REGISTRY = Registry({})
KINDS = {kind.value.replace(" ", "-"): kind for kind in Kind}
EFFECTS = {"gen": Effect.GENERATE} | {effect.value: effect for effect in Effect}
BILLS = {"y": Bills.WORK, "n": Bills.NOTHING, "o": Bills.LATER, "?": Bills.UNKNOWN}
BOUNDARY = "multipart/form-data; boundary=B"

# method, tail (or what `x-fal-target-url` says), kind, effect, bills, kept, model, and what else is said: a body,
# fields of a form (`form:a=b`) or a header (`header:a=b`)
MODELS_OF_OTHERS = {
    "huggingface": """
POST org/m generate-content gen y c org/m
POST models/org/m generate-content gen y c org/m
POST gpt2 generate-content gen y c gpt2
POST org/m/pipeline/feature-extraction embeddings gen y c org/m
POST org/m/pipeline/sentence-similarity embeddings gen y c org/m
POST org/m/pipeline/text-generation completion gen y c org/m
POST org/m/pipeline/conversational chat gen y c org/m
POST org/m/pipeline/automatic-speech-recognition transcription gen y c org/m
POST org/m/pipeline/text-to-speech speech gen y c org/m
POST org/m/pipeline/text-to-image image gen y c org/m
POST org/m/pipeline/image-to-image image-edit gen y c org/m
POST org/m/pipeline/text-to-video video gen y c org/m
POST org/m/pipeline/translation translation gen y c org/m
POST org/m/pipeline/fill-mask classify gen y c org/m
POST org/m/pipeline/object-detection image-read gen y c org/m
POST org/m/pipeline/something-new generate-content gen y c org/m
POST org/m/v1/chat/completions chat gen y c org/m {"model":"tgi"}
POST v1/chat/completions chat gen y c org/m:groq {"model":"org/m:groq"}
POST v1/chat/completions chat gen y - m {"model":"m","store":true}
POST v1/responses responses gen y c m {"model":"m"}
POST v1/responses responses order o - m {"model":"m","background":true}
POST v1/embeddings embeddings gen y c m {"model":"m"}
GET org/m models read n - org/m
GET v1/models models read n - -
""",
    "replicate": """
POST predictions prediction order o - abc {"version":"abc","input":{}}
POST v1/predictions prediction order o - o/n:abc {"version":"o/n:abc"}
POST predictions prediction order o - o/n {"model":"o/n"}
POST predictions prediction order o - abc {"version":"abc"} header:prefer=wait=60
POST models/o/n/predictions prediction order o - o/n {"input":{}}
POST deployments/o/n/predictions prediction order o - o/n {"input":{}}
GET predictions/p1 prediction read n - -
GET predictions prediction read n - -
POST predictions/p1/cancel prediction cancel n - -
POST models/o/n/versions/v/trainings fine-tune order o - o/n {"destination":"o/x"}
GET trainings fine-tune read n - -
GET trainings/t1 fine-tune read n - -
POST trainings/t1/cancel fine-tune cancel n - -
POST files file upload n - -
GET files file read n - -
GET files/f file read n - -
GET files/f/download file read n - -
DELETE files/f file delete n - -
POST models account order n - -
POST deployments account order n - -
PATCH deployments/o/n account change n - -
PATCH models/o/n account change n - -
DELETE deployments/o/n account delete n - -
DELETE models/o/n account delete n - -
DELETE models/o/n/versions/v account delete n - -
GET webhooks/default/secret account read n - -
GET account account read n - -
GET collections models read n - -
GET collections/c models read n - -
GET hardware models read n - -
GET models models read n - -
GET models/o/n models read n - -
GET models/o/n/versions/v models read n - -
GET search models read n - -
QUERY models models read n - -
""",
    "workers-ai": """
POST @cf/meta/llama-3.1-8b-instruct chat gen y c @cf/meta/llama-3.1-8b-instruct
POST run/@cf/baai/bge-m3 embeddings gen y c @cf/baai/bge-m3
POST ai/run/@cf/baai/bge-reranker-base rerank gen y c @cf/baai/bge-reranker-base
POST run/@cf/openai/whisper transcription gen y c @cf/openai/whisper
POST run/@cf/deepgram/nova-3 transcription gen y c @cf/deepgram/nova-3
POST run/@cf/deepgram/flux transcription gen y c @cf/deepgram/flux
POST run/@cf/deepgram/aura-1 speech gen y c @cf/deepgram/aura-1
POST run/@cf/black-forest-labs/flux-1-schnell image gen y c @cf/black-forest-labs/flux-1-schnell
POST run/@cf/runwayml/stable-diffusion-v1-5-inpainting image-edit gen y c @cf/runwayml/stable-diffusion-v1-5-inpainting
POST run/@cf/microsoft/resnet-50 image-read gen y c @cf/microsoft/resnet-50
POST run/@cf/meta/m2m100-1.2b translation gen y c @cf/meta/m2m100-1.2b
POST run/@cf/facebook/bart-large-cnn classify gen y c @cf/facebook/bart-large-cnn
POST run/@cf/of/somebody generate-content gen y c @cf/of/somebody
POST run/@cf/x?queueRequest=true generate-content order o - @cf/x {"requests":[{"prompt":"a"}]}
POST run/@cf/x?queueRequest=true generate-content read n - @cf/x {"request_id":"r1"}
POST run/@cf/x?queueRequest=true generate-content order o - @cf/x {"requests":[],"request_id":"r1"}
POST run/@cf/x?queueRequest=true generate-content order o - @cf/x {"request_id":null}
POST run/@cf/x?queueRequest=True generate-content order o - @cf/x {"prompt":"a"}
POST run/@cf/x?queueRequest=false generate-content gen y c @cf/x {"request_id":"r1"}
POST run/@cf/x generate-content gen y c @cf/x {"request_id":"r1"}
WS run/@cf/deepgram/flux realtime gen y - @cf/deepgram/flux
POST v1/chat/completions chat gen y c @cf/x {"model":"@cf/x"}
POST v1/embeddings embeddings gen y c @cf/x {"model":"@cf/x"}
POST v1/responses responses gen y c @cf/x {"model":"@cf/x"}
POST v1/responses responses gen y - @cf/x {"model":"@cf/x","previous_response_id":"r"}
POST finetunes dataset upload n - -
POST finetunes/f/finetune-assets dataset upload n - -
POST tomarkdown extract gen ? - -
GET finetunes dataset read n - -
GET finetunes/public dataset read n - -
GET models/search models read n - -
GET models/schema models read n - -
GET tasks/search models read n - -
GET authors/search models read n - -
""",
    "fal": """
POST fal-ai/some/app image gen y c fal-ai/some/app
POST https://fal.run/fal-ai/some/app image gen y c fal-ai/some/app
POST https://FAL.run/fal-ai/flux/dev/image-to-image image-edit gen y c fal-ai/flux/dev/image-to-image
POST https://1234.fal.run/fal-ai/x image gen y c fal-ai/x
POST fal-ai/whisper transcription gen y c fal-ai/whisper
POST fal-ai/kling-video/v1/standard/text-to-video video gen y c fal-ai/kling-video/v1/standard/text-to-video
POST fal-ai/minimax/speech-02-hd speech gen y c fal-ai/minimax/speech-02-hd
POST fal-ai/stable-audio audio-edit gen y c fal-ai/stable-audio
POST fal-ai/any-llm chat gen y c fal-ai/any-llm
POST fal-ai/x/stream image gen y - fal-ai/x
POST workflows/me/mine/stream image gen y - workflows/me/mine
POST https://fal.run/fal-ai/any-llm/stream chat gen y - fal-ai/any-llm
POST https://queue.fal.run/fal-ai/x prediction order o - fal-ai/x
POST https://queue.fal.run/fal-ai/flux/dev?fal_webhook=https%3A%2F%2Fme prediction order o - fal-ai/flux/dev
POST https://queue.fal.run/workflows/me/mine prediction order o - workflows/me/mine
GET https://queue.fal.run/fal-ai/x/requests/r1/status?logs=1 prediction read n - fal-ai/x
GET https://queue.fal.run/fal-ai/x/requests/r1/status/stream prediction read n - fal-ai/x
GET https://queue.fal.run/fal-ai/x/requests/r1 prediction read n - fal-ai/x
GET https://queue.fal.run/workflows/me/mine/requests/r1 prediction read n - workflows/me/mine
PUT https://queue.fal.run/fal-ai/x/requests/r1/cancel prediction cancel n - fal-ai/x
POST https://rest.fal.ai/storage/upload/initiate?storage_type=fal-cdn-v3 file upload n - -
POST https://rest.alpha.fal.ai/storage/upload/initiate file upload n - -
POST https://rest.fal.ai/tokens/ session order n - -
POST https://api.fal.ai/tokens session order n - -
GET https://api.fal.ai/v1/models models read n - -
GET https://api.fal.ai/v1/models/pricing models read n - -
GET https://api.fal.ai/v1/account/billing account read n - -
WS https://fal.run/fal-ai/x/realtime realtime gen y - fal-ai/x
WS https://ws.fal.run/fal-ai/x realtime gen y - fal-ai/x
""",
}
SOUND = {
    "elevenlabs": """
POST v1/text-to-speech/v speech gen y c m {"text":"a","model_id":"m"}
POST v1/text-to-speech/v/stream?output_format=pcm speech gen y c - {"text":"a"}
POST v1/text-to-speech/v/with-timestamps speech gen y c m {"model_id":"m"}
POST v1/text-to-speech/v/stream/with-timestamps speech gen y c m {"model_id":"m"}
POST v1/text-to-dialogue speech gen y c m {"model_id":"m","inputs":[]}
POST v1/text-to-dialogue/stream speech gen y c m {"model_id":"m"}
POST v1/text-to-dialogue/with-timestamps speech gen y c m {"model_id":"m"}
POST v1/text-to-dialogue/stream/with-timestamps speech gen y c m {"model_id":"m"}
POST v1/speech-to-speech/v audio-edit gen y c m form:model_id=m
POST v1/speech-to-speech/v/stream audio-edit gen y c m form:model_id=m
POST v1/speech-to-text transcription gen y c m form:model_id=m
POST v1/speech-to-text transcription gen y c m form:model_id=m form:webhook=false
POST v1/speech-to-text transcription order o - m form:model_id=m form:webhook=true
POST v1/speech-to-text transcription order o - m form:model_id=m form:webhook=True
POST v1/speech-to-text transcription order o - m form:model_id=m form:webhook=1
GET v1/speech-to-text/transcripts/t transcription read n - -
DELETE v1/speech-to-text/transcripts/t transcription delete n - -
POST v1/sound-generation audio-edit gen y c m {"model_id":"m"}
POST v1/music audio-edit gen y c m {"model_id":"m"}
POST v1/music/detailed audio-edit gen y c m {"model_id":"m"}
POST v1/music/stream audio-edit gen y c m {"model_id":"m"}
POST v1/music/detailed/stream audio-edit gen y c m {"model_id":"m"}
POST v1/music/video-to-music audio-edit gen y c - form:a=b
POST v1/music/stem-separation audio-edit gen y c - form:a=b
POST v1/music/plan completion gen n c m {"model_id":"m"}
POST v1/music/upload upload upload n - -
POST v1/music/finetunes fine-tune order o - -
GET v1/music/finetunes/f fine-tune read n - -
DELETE v1/music/finetunes/f fine-tune delete n - -
POST v1/audio-isolation audio-edit gen y c -
POST v1/audio-isolation/stream audio-edit gen y c -
POST v1/forced-alignment transcription gen y c -
POST v1/text-to-voice/design voice gen y - m {"model_id":"m"}
POST v1/text-to-voice/create-previews voice gen y - -
POST v1/text-to-voice/v/remix voice gen y - -
POST v1/text-to-voice voice order n - -
POST v1/voices/add voice order n - -
POST v1/voices/add/u/v voice order n - -
POST v1/voices/pvc voice order n - -
POST v1/voices/pvc/v/samples voice order n - -
POST v1/voices/v/edit voice change n - -
POST v1/voices/v/settings/edit voice change n - -
DELETE v1/voices/v voice delete n - -
POST v1/similar-voices voice read n - -
POST v1/dubbing video order o - -
POST v1/dubbing/project video order o - -
POST v1/dubbing/resource/d/dub video order o - -
POST v1/dubbing/resource/d/render/de video order o - -
POST v1/dubbing/resource/d/transcribe video order o - -
POST v1/dubbing/resource/d/translate video order o - -
PATCH v1/dubbing/resource/d/segment/s/l video change n - -
GET v1/dubbing/d video read n - -
GET v1/dubbing/d/audio/de video read n - -
DELETE v1/dubbing/d video delete n - -
POST v1/studio/projects speech order n - -
POST v1/studio/projects/p speech change n - -
POST v1/studio/projects/p/convert speech order o - -
POST v1/studio/projects/p/chapters/c/convert speech order o - -
POST v1/studio/podcasts speech order o - m {"model_id":"m"}
POST v1/studio/projects/p/snapshots/s/stream speech read n - -
POST v1/studio/projects/p/snapshots/s/archive speech read n - -
POST v1/studio/projects/p/chapters/c/snapshots/s/stream speech read n - -
POST v1/audio-native speech order n - m form:model_id=m
POST v1/history/download speech read n - -
GET v1/history speech read n - -
GET v1/history/h/audio speech read n - -
DELETE v1/history/h speech delete n - -
POST v1/productions/orders other order o - -
POST v1/productions/orders/o/submit other order o - -
POST v1/pronunciation-dictionaries/add-from-file dataset upload n - -
PATCH v1/pronunciation-dictionaries/p dataset change n - -
GET v1/pronunciation-dictionaries dataset read n - -
POST v1/convai/agents/create agent order n - -
POST v1/convai/tools agent order n - -
PATCH v1/convai/agents/a agent change n - -
DELETE v1/convai/agents/a agent delete n - -
GET v1/convai/agents agent read n - -
POST v1/convai/secrets agent order n - -
POST v1/convai/auth-connections agent order n - -
POST v1/convai/agents/a/simulate-conversation agent-run gen ? - -
POST v1/convai/agents/a/simulate-conversation/stream agent-run gen ? - -
POST v1/convai/agents/a/run-tests agent-run gen ? - -
POST v1/convai/test-invocations/t/resubmit agent-run gen ? - -
POST v1/convai/conversations/c/analysis/run agent-run gen ? - -
POST v1/convai/twilio/outbound-call agent-run order o - -
POST v1/convai/sip-trunk/outbound-call agent-run order o - -
POST v1/convai/exotel/outbound-call agent-run order o - -
POST v1/convai/whatsapp/outbound-message agent-run order o - -
POST v1/convai/batch-calling/submit agent-run order o - -
POST v1/convai/batch-calling/b/cancel agent-run cancel n - -
GET v1/convai/conversations/c agent-run read n - -
POST v1/convai/llm-usage/calculate account read n - -
POST v1/convai/agent/a/llm-usage/calculate account read n - -
POST v1/single-use-token/realtime_scribe session order n - -
GET v1/convai/conversation/get-signed-url?agent_id=a session order n - -
GET v1/convai/conversation/token session order n - -
POST v1/workspace/analytics/query account read n - -
POST v1/workspace/invites/add account order n - -
POST v1/service-accounts/s/api-keys account order n - -
GET v1/user account read n - -
GET v1/user/subscription account read n - -
GET v1/usage/character-stats account read n - -
POST v1/speech-engine account order n - -
GET v1/models models read n - -
GET v1/voices models read n - -
GET v2/voices models read n - -
GET v1/shared-voices models read n - -
WS v1/text-to-speech/v/stream-input?model_id=m realtime gen y - m
WS v1/text-to-speech/v/multi-stream-input?model_id=m realtime gen y - m
WS v1/speech-to-text/realtime?model_id=m realtime gen y - m
WS v1/convai/conversation?agent_id=a realtime gen y - -
""",
    "cartesia": """
POST tts/bytes speech gen y c sonic-2 {"model_id":"sonic-2","transcript":"a"}
POST v1/tts/bytes speech gen y c sonic-2 {"model_id":"sonic-2"}
POST tts/bytes speech gen y - sonic-2 {"model_id":"sonic-2","save":true}
POST tts/sse speech gen y c sonic-2 {"model_id":"sonic-2"}
POST infill/bytes speech gen y c sonic-2 form:model_id=sonic-2
POST voice-changer/bytes audio-edit gen y c -
POST voice-changer/sse audio-edit gen y c -
POST stt transcription gen y c ink form:model=ink
POST audio/transcriptions transcription gen y c ink form:model=ink
POST voices/clone voice upload n - -
POST voices/localize voice order n - -
PATCH voices/v voice change n - -
DELETE voices/v voice delete n - -
POST fine-tunes fine-tune order o - -
GET fine-tunes/f fine-tune read n - -
DELETE fine-tunes/f fine-tune delete n - -
POST datasets dataset order n - -
POST datasets/d/files dataset upload n - -
GET datasets dataset read n - -
POST pronunciation-dicts dataset order n - -
DELETE pronunciation-dicts/p dataset delete n - -
POST access-token session order n - -
GET agents/a/deployments agent read n - -
POST agents/metrics agent order n - -
PATCH agents/a agent change n - -
GET voices models read n - -
GET voices/v models read n - -
GET accents models read n - -
GET / models read n - -
WS tts/websocket?cartesia_version=1 realtime gen y - -
WS stt/websocket?model=ink realtime gen y - ink
WS stt/turns/websocket realtime gen y - -
""",
    "deepgram": """
POST v1/listen?model=nova-3 transcription gen y c nova-3 {"url":"https://a"}
POST v1/listen transcription gen y c - {"url":"https://a"}
POST v1/listen?model=nova-3&tag=a transcription gen y c nova-3
POST v1/listen?model=nova-3&callback=https%3A%2F%2Fme transcription order o - nova-3
POST v1/read?sentiment=true classify gen y c - {"text":"a"}
POST v1/read?callback=https://me&callback_method=put classify order o - - {"text":"a"}
POST v1/speak?model=aura-2 speech gen y c aura-2 {"text":"a"}
POST v1/speak?model=aura-2&c%61llback=https://me speech order o - aura-2 {"text":"a"}
POST v2/speak?model=aura-3 speech gen y c aura-3 {"text":"a"}
POST v1/auth/grant session order n - -
GET v1/models models read n - -
GET v1/models/m models read n - -
GET v1/projects/p/models models read n - -
GET v1/projects/p/models/m models read n - -
GET v1/agent/settings/think/models models read n - -
GET v1/projects account read n - -
POST v1/projects/p/keys account order n - -
DELETE v1/projects/p/keys/k account delete n - -
PATCH v1/projects/p account change n - -
GET v1/projects/p/requests/r account read n - -
WS v1/listen?model=nova-3 realtime gen y - nova-3
WS v2/listen?model=flux realtime gen y - flux
WS v1/speak?model=aura-2 realtime gen y - aura-2
WS v2/speak?model=aura-3 realtime gen y - aura-3
WS v1/agent/converse realtime gen y - -
""",
}
IMAGES = {
    "ideogram": """
POST v2/image/generate/ideogram-4-5 image gen y c ideogram-4-5 {"prompt":"a"}
POST v2/image/generate/ideogram-4-5?async=true image order o - ideogram-4-5 {"prompt":"a"}
POST v2/image/generate/ideogram-4-5 image order o - ideogram-4-5 {"async":true}
POST v2/image/generate/ideogram-4-5 image order o - ideogram-4-5 form:async=true
POST v2/image/generate/ideogram-4-5?webhook_url=https://me image order o - ideogram-4-5 {"prompt":"a"}
POST v2/image/generate/ideogram-4-5?dry_run=true image read n - ideogram-4-5 {"prompt":"a"}
POST v2/image/generate/ideogram-4-5?dry_run=true&async=true image read n - ideogram-4-5 {"prompt":"a"}
POST v2/image/generate/ideogram-4-5?dry_run=false image gen y c ideogram-4-5 {"prompt":"a"}
POST v2/image/generate/ideogram-4-5?dry_run=true&dry_run=false image gen y c ideogram-4-5 {"prompt":"a"}
POST v2/image/precise-edit/ideogram-4-5 image-edit gen y c ideogram-4-5
POST v2/image/remove-background/ideogram-1 image-edit gen y c ideogram-1
POST v2/image/upscale/x image-edit gen y c x
POST v2/image/remove-object/ideogram-1 image-edit order o - ideogram-1
POST v2/image/remove-object/ideogram-1?dry_run=true image-edit read n - ideogram-1
POST v2/video/generate/x video order o - x
POST v2/vector/generate/x image order o - x
GET v2/generations/g prediction read n - -
GET v1/generations/g prediction read n - -
POST v1/ideogram-v4/generate image gen y c ideogram-v4
POST v1/ideogram-v4/remix image-edit gen y c ideogram-v4
POST v1/ideogram-v4/generate-transparent image gen y c ideogram-v4
POST v1/ideogram-v3/generate image gen y c ideogram-v3 form:rendering_speed=TURBO
POST v1/ideogram-v3/generate-transparent image gen y c ideogram-v3
POST v1/ideogram-v3/generate-design image gen y c ideogram-v3
POST v1/ideogram-v3/edit image-edit gen y c ideogram-v3
POST v1/ideogram-v3/inpaint image-edit gen y c ideogram-v3
POST v1/ideogram-v3/remix image-edit gen y c ideogram-v3
POST v1/ideogram-v3/reframe image-edit gen y c ideogram-v3
POST v1/ideogram-v3/replace-background image-edit gen y c ideogram-v3
POST v1/ideogram-v3/layerize-text image-edit gen y c ideogram-v3
POST v1/ideogram-v3/layerize-design image-edit gen y c ideogram-v3
POST v1/ideogram-v3/try-on image-edit gen y c ideogram-v3
POST v1/text-to-image/p-image-ideogram image gen y c p-image-ideogram
POST v1/ideogram-v4/async/generate image order o - ideogram-v4
POST v1/ideogram-v3/async/remix image order o - ideogram-v3
POST v1/edit image-edit gen y c - form:prompt=a
POST v1/remove-background image-edit gen y c -
POST upscale image-edit gen y c -
POST generate image gen y c V_2 {"image_request":{"model":"V_2"}}
POST edit image-edit gen y c V_2 form:model=V_2
POST remix image-edit gen y c -
POST reframe image-edit gen y c V_2 form:model=V_2
POST describe image-read gen y c V_3 form:describe_model_version=V_3
POST v1/ideogram-v4/describe image-read gen y c -
POST magic-prompt completion gen y c -
POST v1/ideogram-v4/magic-prompt completion gen y c -
POST v1/ideogram-v3/train-model fine-tune order o - -
POST datasets/d/train_model fine-tune order o - -
POST datasets dataset upload n - -
POST datasets/d/upload_assets dataset upload n - -
GET datasets dataset read n - -
GET datasets/d dataset read n - -
GET models dataset read n - -
GET models/m dataset read n - -
POST manage/api/add_credits account order n - -
GET manage/api/keys account read n - -
""",
    "adobe-firefly": """
POST v3/images/generate-async image order o - image4_ultra header:x-model-version=image4_ultra
POST v3/images/generate-async image order o - -
POST v3/images/generate-similar-async image-edit order o - image3 header:x-model-version=image3
POST v3/images/generate-object-composite-async image-edit order o - -
POST v3/images/expand-async image-edit order o - -
POST v3/images/fill-async image-edit order o - -
POST v4/images/generate-async image order o - image5 {"modelVersion":"image5"}
POST v3/images/generate image gen y c image3 header:x-model-version=image3
POST v3/images/generate-similar image-edit gen y c image3 header:x-model-version=image3
POST v3/images/expand image-edit gen y c -
POST v3/images/fill image-edit gen y c -
POST v3/images/generate-object-composite image-edit gen y c -
POST v3/videos/generate video order o - v1 header:x-model-version=v1
POST v3/videos/generate-async video order o - -
GET v3/status/urn:firefly:jobs:abc prediction read n - -
PUT v3/cancel/urn:firefly:jobs:abc prediction cancel n - -
POST v3/cancel/j prediction cancel n - -
POST v2/storage/image upload upload n - -
GET v3/custom-models models read n - -
""",
}


class Row(NamedTuple):
    """One line of the tables."""

    slug: str
    method: str
    target: str
    kind: str
    effect: str
    bills: str
    kept: str
    model: str
    said: tuple[str, ...]

    @property
    def is_fal(self) -> bool:
        return self.target.startswith("https://")

    def split(self) -> tuple[Provider, str, str, dict[str, str]]:
        """Who is asked, below which tail, with which query and headers."""
        provider = REGISTRY.find(self.slug)
        assert provider is not None
        headers = dict(one[7:].split("=", 1) for one in self.said if one.startswith("header:"))
        if self.is_fal:
            return provider, "", self.target.partition("?")[2], {"x-fal-target-url": self.target}
        tail, _, query = self.target.partition("?")
        return provider, tail, query, headers


ROWS = [
    Row(slug, method, target, kind, effect, bills, kept, model, tuple(said))
    for group in (MODELS_OF_OTHERS, SOUND, IMAGES)
    for slug, lines in group.items()
    for method, target, kind, effect, bills, kept, model, *said in map(str.split, lines.strip().splitlines())
]
EACH = pytest.mark.parametrize("row", ROWS, ids=lambda row: " ".join(row[:3] + row.said))


def found(row: Row) -> Operation:
    """The row of the table, flags not looked at."""
    provider, tail, _, headers = row.split()
    at = operations_at(provider, native(provider, tail, headers.get))
    return at.get(row.method.encode(), UNKNOWN_OPERATION)


def request(row: Row) -> Request:
    form = [one[5:].split("=", 1) for one in row.said if one.startswith("form:")]
    body = "".join(f'--B\r\ncontent-disposition: form-data; name="{a}"\r\n\r\n{b}\r\n' for a, b in form)
    plain = "".join(one for one in row.said if one.startswith("{"))
    _, _, query, headers = row.split()
    kind = BOUNDARY if form else "application/json"
    return Request(query, headers.get, kind, f"{body}--B--\r\n".encode() if form else plain.encode())


def model(row: Row, operation: Operation) -> str | None:
    provider, tail, _, headers = row.split()
    told = model_at(provider, tail, headers.get) if "path" in operation.models else None
    return told or named_model(operation, request(row))


@EACH
def test_what_a_request_is(row: Row) -> None:
    operation = flagged(found(row), request(row))
    assert operation.name.startswith(f"{row.slug}.")
    assert operation.kind is KINDS[row.kind]
    assert operation.effect is EFFECTS[row.effect]
    assert operation.bills is BILLS[row.bills]
    assert operation.is_kept == (row.kept == "c")
    assert (model(row, operation) or "-") == row.model


@pytest.mark.parametrize("target", ["v1/batches", "%761/batches", "v1//batches", "v2/embeddings"])
def test_a_version_is_no_model_of_hugging_face(target: str) -> None:
    operation = found(Row("huggingface", "POST", target, "", "", "", "", "", ()))
    assert (operation.name, operation.bills, operation.cacheable) == (UNKNOWN, Bills.UNKNOWN, Cacheable.NEVER)


def siblings(row: Row) -> list[str]:
    """Other spellings of the same place."""
    path, mark, query = row.target.partition("?")
    start, slash, last = path.rpartition("/")
    end = mark + query
    if not last:
        return []
    spelt = [f"{path}/{end}"]
    if slash and start:
        spelt += [f"{start}//{last}{end}", f"{start}/%{ord(last[0]):02x}{last[1:]}{end}"]
    if re.match(r"v\d/", path) and row.slug not in ("huggingface", "fal"):
        spelt.append(f"v1/{row.target}")
    return spelt


@EACH
def test_other_spellings_are_the_same(row: Row) -> None:
    plain = found(row)
    for target in siblings(row):
        assert found(row._replace(target=target)) is plain, target
    if row.method == "GET":
        assert found(row._replace(method="HEAD")) is plain


@EACH
def test_other_versions_and_methods_are_never_kept(row: Row) -> None:
    other = row._replace(target=re.sub(r"\bv\d/", "v9/", row.target), said=())
    for method in ("PUT", "PATCH", "DELETE", "GET", "OPTIONS"):
        assert found(other._replace(method=method)).cacheable is Cacheable.NEVER
    operation = found(other)
    if row.slug in ("elevenlabs", "deepgram", "adobe-firefly") and other.target != row.target:
        assert operation.name == UNKNOWN
        assert operation.cacheable is Cacheable.NEVER


@pytest.mark.parametrize("row", [row for row in ROWS if row.slug == "replicate"], ids=lambda row: row.target)
def test_nothing_of_replicate_is_kept(row: Row) -> None:
    assert found(row).cacheable is Cacheable.NEVER


@pytest.mark.parametrize(
    ("slug", "method", "target"),
    [
        ("replicate", "GET", "webhooks/default/secret"),
        ("fal", "POST", "https://rest.fal.ai/tokens/"),
        ("elevenlabs", "POST", "v1/convai/secrets"),
        ("elevenlabs", "POST", "v1/single-use-token/t"),
        ("elevenlabs", "GET", "v1/convai/conversation/get-signed-url"),
        ("elevenlabs", "GET", "v1/convai/conversation/token"),
        ("elevenlabs", "POST", "v1/service-accounts/s/api-keys"),
        ("cartesia", "POST", "access-token"),
        ("deepgram", "POST", "v1/auth/grant"),
        ("deepgram", "POST", "v1/projects/p/keys"),
        ("ideogram", "GET", "manage/api/keys"),
    ],
)
def test_secrets_are_known(slug: str, method: str, target: str) -> None:
    assert found(Row(slug, method, target, "", "", "", "", "", ())).secret


@pytest.mark.parametrize(
    ("slug", "target", "said", "kept"),
    [
        ("deepgram", "v1/listen?model=nova-3", (), True),
        ("workers-ai", "run/@cf/x", (), True),
        ("workers-ai", "run/@cf/x?queueRequest=true", (), False),
        ("cartesia", "tts/bytes", (), False),
        ("elevenlabs", "v1/speech-to-text", ("form:a=b",), False),
        ("ideogram", "v2/image/generate/m", (), False),
    ],
)
def test_a_body_that_is_cut_hides_only_what_it_could_say(
    slug: str, target: str, said: tuple[str, ...], kept: bool
) -> None:
    row = Row(slug, "POST", target, "", "", "", "", "", said)
    operation = flagged(found(row), request(row)._replace(is_cut=True))
    assert operation.is_kept is kept


@pytest.mark.parametrize(
    ("slug", "target", "pointers"),
    [
        ("replicate", "predictions/p", ("/id", "/status", "/metrics")),
        ("replicate", "trainings/t", ("/id", "/status", "/metrics")),
        ("elevenlabs", "v1/dubbing/d", ("/dubbing_id", "/status", "/media_metadata/duration")),
        ("elevenlabs", "v1/convai/conversations/c", ("/conversation_id", "/status", "/metadata")),
        ("ideogram", "v2/generations/g", ("/generation_id", "/status", "/data")),
        ("adobe-firefly", "v3/status/j", ("/jobId", "/status", "/result/outputs")),
    ],
)
def test_reads_that_tell_the_end(slug: str, target: str, pointers: tuple[str, str, str]) -> None:
    settles = found(Row(slug, "GET", target, "", "", "", "", "", ())).settles
    assert settles is not None
    assert (settles.id, settles.status, settles.usage) == pointers
