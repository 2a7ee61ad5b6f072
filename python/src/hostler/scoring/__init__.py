"""Scoring scripts: `init()` once, `run()` for each request, as azureml-inference-server-http calls them."""
