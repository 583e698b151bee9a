"""The engine's base at Airtable, without a line in the engine: its messages, who runs what, and paid services."""
