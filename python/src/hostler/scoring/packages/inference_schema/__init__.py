"""Descriptions of a function's inputs and outputs by samples, where inference-schema is not installed."""
