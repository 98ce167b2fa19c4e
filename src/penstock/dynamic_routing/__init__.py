"""Dynamic routes: the graph of elements that a request takes its way through (Cloudflare 3.7). Pure."""
