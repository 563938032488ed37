"""`POST /heartbeats/NAME`: a job or a source says that it is alive. The token is the one of the webhooks; the body is not read."""

from collections.abc import Callable
from typing import Any

from litestar import Request, Response, post
from litestar.params import FromPath

from receiver.clock import Clock
from receiver.core.errors import StoreUnavailableError
from receiver.core.rulebook import RuleBook
from receiver.store.vitals import Vitals
from receiver.web.auth import is_authorized


def heartbeat_route(vitals: Vitals, rules: Callable[[], RuleBook], token: str | None, clock: Clock) -> Any:
    """The one handler. `202` once the store has it, `404` for a heartbeat that sources.yaml does not expect."""

    @post("/heartbeats/{name:str}", status_code=202)
    async def beat(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[dict[str, str]]:
        if token and not is_authorized(request.headers.get("authorization", "").encode(), token):
            return Response({"error": "unauthorized"}, status_code=401)
        if name not in rules().heartbeats:
            return Response({"error": "no_such_heartbeat", "what_to_do": "name it under heartbeats in sources.yaml"}, status_code=404)
        try:
            await vitals.beat(name, clock.now())
        except StoreUnavailableError:
            return Response({"error": "store_unavailable", "what_to_do": "send again"}, status_code=503)
        return Response({"heartbeat": name}, status_code=202)

    return beat
