"""Dialects of language models and what they have in common: requests, answers, streams and errors of each, as values.

`conversation.py` (what is asked) and `answer_events.py` (what comes back) are the inner form. Each dialect has a
package of its own that reads its bytes into that form and writes it; none knows another, so that a new one is one
package.
Nothing here does I/O, knows providers' addresses, or guesses.
"""
