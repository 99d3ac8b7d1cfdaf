"""Walks through what a platform does first, with the official Svix SDK against any server.

    SVIX_TOKEN=… python svix_sdk.py SERVER_URL ENDPOINT_URL [--event-type NAME] [--grace SECONDS]

The steps, in order: application, event_type, endpoint, message, secret, rotate, rotated_secret, second_message. Each
prints one JSON line, {"step": …} and what is named in `walk`, as soon as it is done; the next begins when a line,
whatever it says, is read from stdin. A step that fails prints {"step": …, "error": {"type", "status", "body"}} and
ends the walk with exit code 1, as does the end of stdin. Nothing is retried: a fault must not hide behind a retry.
"""

import argparse
import json
import os
import sys

from svix.api import (ApplicationIn, EndpointIn, EndpointSecretRotateIn, EventTypeIn, MessageIn, Svix, SvixOptions)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server_url", help="without the /api/v1 that the SDK adds")
    parser.add_argument("endpoint_url", help="where the endpoint receives")
    parser.add_argument("--event-type", default="invoice.paid")
    parser.add_argument("--grace", type=int, default=3600, help="seconds for which the rotated secret still signs")
    return parser.parse_args()


def walk(svix, asked):
    """Yields a step's name, then carries it out and yields what came of it."""
    yield "application"
    app = svix.application.create(ApplicationIn(name="Walk-through"))
    yield {"id": app.id, "name": app.name}

    yield "event_type"
    event_type = svix.event_type.create(EventTypeIn(name=asked.event_type, description="An invoice was paid"))
    yield {"name": event_type.name}

    yield "endpoint"
    endpoint = svix.endpoint.create(app.id, EndpointIn(url=asked.endpoint_url, filter_types=[asked.event_type]))
    yield {"id": endpoint.id, "url": endpoint.url}

    yield "message"
    yield sent(svix, app.id, asked.event_type, 1)

    yield "secret"
    yield {"key": svix.endpoint.get_secret(app.id, endpoint.id).key}

    yield "rotate"
    svix.endpoint.rotate_secret(app.id, endpoint.id, EndpointSecretRotateIn(grace_period_seconds=asked.grace))
    yield {}

    yield "rotated_secret"
    yield {"key": svix.endpoint.get_secret(app.id, endpoint.id).key}

    yield "second_message"
    yield sent(svix, app.id, asked.event_type, 2)


def sent(svix, app_id, event_type, number):
    message = svix.message.create(app_id, MessageIn(event_type=event_type, payload={"invoice": number}))
    return {"id": message.id, "eventType": message.event_type}


def described(failure):
    body = failure.to_dict() if hasattr(failure, "to_dict") else str(failure)
    return {"type": type(failure).__name__, "status": getattr(failure, "status_code", None), "body": body}


def say(step, **said):
    print(json.dumps({"step": step, **said}), flush=True)


def main():
    asked = arguments()
    svix = Svix(os.environ["SVIX_TOKEN"], SvixOptions(server_url=asked.server_url, retry_schedule=[]))
    steps = walk(svix, asked)
    for number, step in enumerate(steps):
        if number > 0 and not sys.stdin.readline():
            sys.exit(1)
        try:
            outcome = next(steps)
        except Exception as failure:
            say(step, error=described(failure))
            sys.exit(1)
        say(step, **outcome)


if __name__ == "__main__":
    main()
