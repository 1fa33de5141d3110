"""What one decision is asked, parsed once: body, provider block, account, context, settings."""
