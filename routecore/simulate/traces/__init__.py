"""What was asked: traces, their formats and generators."""
