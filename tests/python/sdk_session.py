"""A session with the official Svix SDK, of either major version, synchronous or asynchronous.

What the SDK is asked for is named as in the newest version (`application.upsert`, `event_types`); an older one is asked
by its own names. Each reply must be of the model that the SDK promises, and each refusal an exception of its own.
Nothing is retried: a fault must not hide behind a retry.
"""

import asyncio
import inspect
import time

import svix
from svix import models
from svix.api import Svix, SvixAsync, SvixOptions
from svix.exceptions import HttpError, HTTPValidationError

VERSION = int(svix.__version__.split(".")[0])

# What version 1 calls what has another name now.
FORMER_METHODS = {
    "application.upsert": "update",
    "endpoint.set-headers": "update_headers",
    "endpoint.upsert": "update",
    "event-type.upsert": "update",
    "operational-webhook.endpoint.set-headers": "update_headers",
    "operational-webhook.endpoint.upsert": "update",
}
FORMER_MODELS = {
    "EndpointUpsertIn": "EndpointUpdate",
    "EventTypeUpsertIn": "EventTypeUpdate",
    "OperationalWebhookEndpointUpsertIn": "OperationalWebhookEndpointUpdate",
}
FORMER_FIELDS = {
    "EndpointIn": {"event_types": "filter_types"},
    "EndpointOut": {"event_types": "filter_types"},
    "EndpointPatch": {"event_types": "filter_types"},
    "EndpointUpdate": {"event_types": "filter_types"},
    "MessageEndpointOut": {"event_types": "filter_types"},
    "OperationalWebhookEndpointIn": {"event_types": "filter_types"},
    "OperationalWebhookEndpointOut": {"event_types": "filter_types"},
    "OperationalWebhookEndpointUpdate": {"event_types": "filter_types"},
}

PATIENCE = 60.0
ASK_AGAIN = 0.05


class Failed(Exception):
    """Something was other than the contract has it."""


def expect(holds, what, *seen):
    if not holds:
        raise Failed(f"{what}: {', '.join(map(repr, seen))}")


def equal(found, wanted, what):
    expect(found == wanted, f"{what} is {found!r} instead of {wanted!r}")


def model(kind, /, **fields):
    """A model of the SDK by its newest name. Misspelt fields are refused, which the models themselves do not do."""
    if VERSION == 1:
        kind = FORMER_MODELS.get(kind, kind)
    kind = getattr(models, kind)
    fields = {field_of(kind, field): value for field, value in fields.items()}
    unknown = set(fields) - set(kind.model_fields)
    expect(not unknown, f"{kind.__name__} has no such field", *unknown)
    return kind(**fields)


def field_of(kind, field):
    return FORMER_FIELDS.get(kind.__name__, {}).get(field, field) if VERSION == 1 else field


def field(reply, name):
    """A reply's field by its newest name."""
    return getattr(reply, field_of(type(reply), name))


class Session:
    """Drives operations, and remembers which."""

    def __init__(self, server_url, token, *, asynchronous, driven=None):
        self.server_url = server_url
        self.asynchronous = asynchronous
        self.driven = set() if driven is None else driven
        # The method and path of each request that was not refused.
        self.answered = set()
        options = SvixOptions(server_url=server_url, retry_schedule=[])
        self.svix = (SvixAsync if asynchronous else Svix)(token, options)
        self.svix._httpx_client.event_hooks = {"response": [self._saw_async if asynchronous else self._saw]}

    def speaking_for(self, token):
        """The same with another token."""
        return Session(self.server_url, token, asynchronous=self.asynchronous, driven=self.driven)

    async def drive(self, operation, *arguments, **options):
        """Asks for an operation, and returns the reply, which is of the model that the SDK promises."""
        try:
            reply = await self._call(operation, *arguments, **options)
        except (HttpError, HTTPValidationError) as refusal:
            raise Failed(f"{operation} was refused: {refusal.status_code} {refusal.to_dict()}") from refusal
        promised = inspect.signature(self._method(operation)).return_annotation
        fits = reply is None if promised is None else isinstance(reply, promised)
        expect(fits, f"{operation} returned no {promised}", reply)
        self.driven.add(operation)
        return reply

    async def refused(self, status, code, operation, *arguments, **options):
        """Asks for an operation that must be refused in the standard way."""
        try:
            reply = await self._call(operation, *arguments, **options)
        except HttpError as refusal:
            equal((refusal.status_code, refusal.code), (status, code), f"the refusal of {operation}")
            expect(refusal.detail and isinstance(refusal.detail, str), f"{operation} gives no detail", refusal)
            return refusal.detail
        raise Failed(f"{operation} was not refused, and returned {reply!r}")

    async def invalid(self, loc, operation, *arguments, **options):
        """Asks for an operation that must be refused because of what was sent, at this place of it."""
        try:
            reply = await self._call(operation, *arguments, **options)
        except HTTPValidationError as refusal:
            equal(refusal.status_code, 422, f"the refusal of {operation}")
            equal([fault.loc for fault in refusal.detail], [loc], f"where {operation} was refused")
            expect(all(fault.msg and fault.type for fault in refusal.detail), "a fault says nothing", refusal)
            return refusal.detail[0].msg
        raise Failed(f"{operation} was not refused, and returned {reply!r}")

    async def pages(self, operation, *arguments, **options):
        """Everything that a list has, in its order, asked for a page at a time."""
        items, iterator = [], None
        while True:
            page = await self.drive(operation, *arguments, iterator=iterator, **options)
            items += page.data
            if page.done:
                return items
            expect(page.data and page.iterator not in (None, iterator), f"{operation} makes no progress", page)
            iterator = page.iterator

    async def until(self, what, ask):
        """Asks again and again, until the answer is not None; for what nothing tells of."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            answer = await ask()
            if answer is not None:
                return answer
            await asyncio.sleep(ASK_AGAIN)
        raise Failed(f"not within {PATIENCE:.0f} s: {what}")

    async def finished(self, started, task):
        """Waits for what goes on after a reply: a background task of this kind. Returns it."""
        expect(started.id.startswith("qtask_"), "no task", started)
        equal(started.task.value, task, "the task")

        async def ended():
            now = await self.drive("background-task.get", started.id)
            equal((now.id, now.task), (started.id, started.task), "the task")
            return now if now.status.value != "running" else None

        ended = await self.until(f"the end of {task}", ended)
        equal(ended.status.value, "finished", f"what became of {task}, {ended.data}")
        return ended

    async def request(self, method, path, json_body):
        """A request for which the SDK may have no method, made and judged by its own means."""
        resource = self.svix.application
        send = resource._request_asyncio if self.asynchronous else resource._request_sync
        reply = send(method=method, path=path, json_body=json_body)
        return await reply if inspect.isawaitable(reply) else reply

    def _saw(self, response):
        if response.is_success:
            self.answered.add((response.request.method, response.request.url.path))

    async def _saw_async(self, response):
        self._saw(response)

    async def _call(self, operation, *arguments, **options):
        method = self._method(operation)
        if options:
            kind = inspect.signature(method).parameters["options"].annotation
            arguments = [*arguments, kind(**options)]
        reply = method(*arguments)
        return await reply if inspect.isawaitable(reply) else reply

    def _method(self, operation):
        *resources, verb = operation.split(".")
        target = self.svix
        for resource in resources:
            target = getattr(target, resource.replace("-", "_"), None)
        name = FORMER_METHODS.get(operation) if VERSION == 1 else None
        return getattr(target, name or verb.replace("-", "_"), None)
