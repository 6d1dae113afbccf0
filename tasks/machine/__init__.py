"""What a worker stands on: finding Chromium and Redis, and a Redis of its own."""
