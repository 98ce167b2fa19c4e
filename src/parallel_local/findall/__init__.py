"""FindAll: reading objectives, finding entities, judging conditions."""
