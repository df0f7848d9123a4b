"""How fast the project is, beside what people would pick instead."""
