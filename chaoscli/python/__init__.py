"""The playground as a library: ``chaoscli.playground`` and ``chaoscli.proxy_to``, in trio, in asyncio and in plain code."""
