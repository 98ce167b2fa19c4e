"""A server that speaks OpenAI's API: who it is, and how it is called. Nothing of documents or runs here."""
