"""One search for all: Parallel's own request and answer in front of other providers of web search. Pure."""
