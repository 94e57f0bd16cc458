"""Labels room: candidates, what they then bought, and how common that is."""
