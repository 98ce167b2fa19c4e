"""Following runs whose callers have gone: looking at them, settling what they cost, telling it on."""
