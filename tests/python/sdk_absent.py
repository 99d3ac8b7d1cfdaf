"""What the SDK can ask for and Posthaste does not have: everything that was not driven must be refused as not implemented,
in JSON, for the SDK to raise an exception of its own."""

import re
from importlib import resources

import svix.api
from svix.exceptions import HttpError

from sdk_session import Failed, expect

# What is answered under an older name too, which no SDK has a method for that differs from the newer one's.
ALIASES = {("POST", "/api/v1/auth/dashboard-access/{app_id}")}
REQUEST = re.compile(r'method="(\w+)",\s*path="([^"]+)"')


def requests():
    """Every method and path that the SDK's source names."""
    sources = (source.read_text() for source in resources.files(svix.api).iterdir() if source.name.endswith(".py"))
    return sorted({(method.upper(), path) for source in sources for method, path in REQUEST.findall(source)})


async def absent(session):
    served = {request for request in requests() if any(matches(request, answered) for answered in session.answered)}
    expect(len(served) > 50, "what was driven is not found in the SDK's source", len(served))
    wrong = []
    for method, path in requests():
        if (method, path) not in served:
            # What the SDK does where it has a method for it.
            said = await refusal(session, method, re.sub(r"\{\w+\}", "nothing", path))
            if said != ((404, "not_found") if (method, path) in ALIASES else (501, "not_implemented")):
                wrong.append(f"{method} {path}: {said}")
    if wrong:
        raise Failed("not refused as not implemented:\n" + "\n".join(wrong))


def matches(request, answered):
    template = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(request[1]))
    return request[0] == answered[0] and re.fullmatch(template, answered[1])


async def refusal(session, method, path):
    body = None if method in ("GET", "DELETE") else "{}"
    try:
        answer = await session.request(method, path, body)
    except HttpError as refusal:
        return refusal.status_code, refusal.code
    return answer.status_code, None
