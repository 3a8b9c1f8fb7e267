"""DensePose over HTTP: `vestiary serve`. It needs the `service` extra (FastAPI, uvicorn, prometheus-client)."""
