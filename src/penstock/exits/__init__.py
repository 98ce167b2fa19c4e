"""The way out for all but the calls themselves: who sends to receivers, or looks at what runs at a provider."""
