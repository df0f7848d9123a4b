"""How it works inside: one step traced, layers described, mistakes found. Reads; never trains."""
