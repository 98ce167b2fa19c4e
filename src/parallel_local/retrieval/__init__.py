"""Finding passages: the index, the query, ranking and excerpts."""
