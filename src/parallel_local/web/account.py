"""The account service (Parallel 2.16), refused with the reason: there are no accounts, keys or balances here."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from parallel_local.errors import ApiError

_REASON = (
    "this engine has no accounts: runs cost nothing, and keys are set with --api-key where it is started. "
    "Unset PARALLEL_SERVICE_API_URL to reach the account service of Parallel"
)
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class AccountApi:
    """Balance, apps and keys."""

    def routes(self) -> list[Route]:
        """What is refused here: everything below the prefix."""
        return [Route("/account/service/v1/{rest:path}", self.refuse, methods=_METHODS)]

    async def refuse(self, request: Request) -> Response:
        """403, whatever is asked for."""
        raise ApiError(403, _REASON, detail={"path": request.url.path[:200]})
