"""Sentences in documents that speak to a language model instead of a reader.

Pure. Such sentences are not shown to the model, and prove nothing. That is a first fence only: what holds is that
a claim without a verbatim quotation that supports it is dropped (`proofs.py`, `support.py`).
"""

import re

from parallel_local.text.sentences import units

_WHICH = r"(?:previous|prior|above|earlier|preceding|all|any|other|your|these|the)"
_ORDERS = re.compile(
    rf"\b(?:ignore|disregard|forget|override|bypass|ignoriere|vergiss|ignorez|oubliez|ignora|olvida|negeer|ignoruj)\b"
    rf"(?:\W+\w+){{0,4}}?\W+(?:instructions?|prompts?|rules?|directions?|guidelines?|anweisungen|regeln|"
    r"consignes|instrucciones|istruzioni|instruções|instructies|polecenia|context)\b"
    rf"|\b(?:ignore|disregard|forget)\s+{_WHICH}\s+(?:of\s+)?(?:the\s+)?(?:above|previous|text|documents?|sources?)\b"
    r"|\byou\s+are\s+(?:now\s+)?(?:an?\s+)?(?:ai|language\s+model|assistant|chatbot|llm)\b"
    r"|\b(?:dear|attention|note\s+to(?:\s+the)?|hey|hello)\s+(?:ai|llm|language\s+model|assistant|chatbot)\b"
    r"|\b(?:reply|respond|answer)\s+(?:only|always|just|simply)\s+(?:with|that)\b"
    r"|\b(?:always|only|just|simply)\s+(?:reply|respond|answer|output)\s+(?:with|that)\b"
    r"|<\|?\s*(?:im_start|im_end|system|endoftext|assistant|user)\s*\|?>|\[/?INST\]",
    re.IGNORECASE,
)
_INSTEAD = "[…]"


def speaks_to_model(text: str) -> bool:
    """Whether a text gives orders to whoever processes it."""
    return bool(_ORDERS.search(text))


def without_orders(text: str) -> str:
    """A passage without the sentences that give orders to a model."""
    if not speaks_to_model(text):
        return text
    for unit in units(text):
        if speaks_to_model(unit.text):
            text = text.replace(unit.text, _INSTEAD)
    return _ORDERS.sub(_INSTEAD, text)
