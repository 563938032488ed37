"""What HTTP alone costs: reads the body and answers 202. `python -m tests.bench.bare PORT`."""

import sys
from typing import Any

import uvicorn
import uvloop


async def answer(scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 202, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


if __name__ == "__main__":
    options = {"loop": "none", "http": "httptools", "lifespan": "off", "access_log": False, "log_config": None}
    uvloop.run(uvicorn.Server(uvicorn.Config(answer, port=int(sys.argv[1]), **options)).serve())
