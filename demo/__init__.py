"""Three small shops on loopback: invented products, rendered pictures, the page structure of the real shops.

with demo.running() as gateway:
    ...  # a forward proxy for www.zara.test, www.zalando.test, www.farfetch.test and their image hosts
"""

from demo.gateway import catalogue_hash
from demo.server import running, serve

__all__ = ["catalogue_hash", "running", "serve"]
