"""Stream readers: server-sent events in, what routing and billing ask out. One dialect a file; no text is kept."""
