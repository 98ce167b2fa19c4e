"""Plain-text analysis: tokens, sentences, typed values. Pure functions only."""
