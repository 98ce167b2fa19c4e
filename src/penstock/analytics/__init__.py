"""Analytics: what people and programs ask of the roll-ups, and what they are answered."""
