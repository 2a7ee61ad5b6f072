"""What the platform starts: `serve` hosts models, anything else is run as a command."""

import subprocess
import sys

from sagemaker_inference import model_server

if sys.argv[1:] == ["serve"]:
    # One worker for each model; the variable SAGEMAKER_MODEL_SERVER_WORKERS makes it another number.
    model_server.start_model_server(handler_service="/home/model-server/model_handler.py:handle")
else:
    sys.exit(subprocess.call(sys.argv[1:]))
