"""How well and how fast the local engine finds: collections with judgements, and folders of any size.

The real engine over HTTP, beside two yardsticks on the same documents in the same run: `bm25s` with Snowball
stemmers, and tantivy by itself. Collections are folders that whoever measures brings along; none is kept here.
"""
