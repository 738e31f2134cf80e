"""What runs steps. Each module but `base` is the adapter of one engine, and alone knows its package."""
