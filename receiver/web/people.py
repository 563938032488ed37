"""`/api/v1/people`: who is on the roster, how they can be reached, and codes that link their Telegram accounts."""

from collections.abc import Callable
from typing import Any

from litestar import Router, get, post
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromPath

from receiver.core.rulebook import Person, RuleBook
from receiver.store.links import LIFE, Links
from receiver.web.auth import bearer_guard


def people_routes(rules: Callable[[], RuleBook], links: Links, token: str) -> Router:
    """Both handlers."""

    @get("/people", sync_to_thread=False)
    def listing() -> list[dict[str, Any]]:
        return [_row(person) for person in rules().people.values()]

    @post("/people/{person_id:str}/link", status_code=200)
    async def link(person_id: FromPath[str]) -> dict[str, Any]:
        person = rules().people.get(person_id)
        if person is None:
            raise NotFoundException(f"no person {person_id} in people.yaml")
        if person.telegram is not None and not person.is_linked:
            raise ClientException(f"{person_id} has a telegram id in people.yaml already, and that one holds")
        code = await links.new_code(person_id)
        return {"person": person_id, "send": f"/start {code}", "minutes": int(LIFE.total_seconds()) // 60, "done": "code made"}

    return Router(path="/api/v1", route_handlers=[listing, link], guards=[bearer_guard(token)])


def _row(person: Person) -> dict[str, Any]:
    account = "linked" if person.is_linked else "people.yaml" if person.telegram is not None else ""
    return {"id": person.id, "name": person.name, "roles": sorted(person.roles), "telegram": account, "email": bool(person.email), "phone": bool(person.phone)}
