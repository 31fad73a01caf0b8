"""Options as typed models: pydantic only, nothing heavy."""
