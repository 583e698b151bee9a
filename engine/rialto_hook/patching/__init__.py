"""The hook's lines in the engine's files: where they belong, and how they are put in and taken out."""
