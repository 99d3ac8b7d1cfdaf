"""What a customer sets up: endpoints, and the same of the platform's own, for what happens to its customers."""

from svix.models import (ApplicationIn, EndpointHeadersIn, EndpointHeadersPatchIn, EndpointSecretRotateIn,
                         OperationalWebhookEndpointHeadersIn, OperationalWebhookEndpointSecretIn, Ordering)

from sdk_session import equal, expect, field, model

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
URL = "https://receiver.example.com/hooks"


async def endpoints(session):
    drive = session.drive
    app = (await drive("application.create", ApplicationIn(name="Endpoints"))).id
    first = await drive("endpoint.create", app, model(
        "EndpointIn", url=URL, uid="first", description="Invoices", event_types=["invoice.paid"], channels=["eu"],
        secret=KEY, throttle_rate=50, metadata={"team": "billing"}, headers={"X-Team": "billing"}))
    expect(first.id.startswith("ep_"), "an endpoint's id", first.id)
    equal((first.url, first.uid, first.description, field(first, "event_types"), first.channels, first.throttle_rate,
           first.disabled, first.metadata),
          (URL, "first", "Invoices", ["invoice.paid"], ["eu"], 50, False, {"team": "billing"}), "the endpoint")
    equal(await drive("endpoint.get", app, first.id), first, "the endpoint by its id")
    equal(await drive("endpoint.get", app, "first"), first, "the endpoint by its uid")
    await session.refused(409, "conflict", "endpoint.create", app, model("EndpointIn", url=URL, uid="first"))
    await session.invalid(["body", "url"], "endpoint.create", app, model("EndpointIn", url="no url"))
    msg = await session.invalid(["body", "eventTypes"], "endpoint.create", app,
                                model("EndpointIn", url=URL, event_types=["no.such"]))
    expect("no.such" in msg, "the unknown event type is not named", msg)

    patched = await drive("endpoint.patch", app, "first", model("EndpointPatch", channels=None, description="Bills"))
    equal((patched.channels, patched.description, field(patched, "event_types")), (None, "Bills", ["invoice.paid"]),
          "the patched endpoint")
    replaced = await drive("endpoint.upsert", app, "first", model("EndpointUpsertIn", url=URL, uid="first"))
    equal((replaced.id, field(replaced, "event_types"), replaced.metadata), (first.id, None, {}), "the replaced one")
    second = await drive("endpoint.upsert", app, "second", model("EndpointUpsertIn", url=URL, uid="second"))
    listed = [one.id for one in await session.pages("endpoint.list", app, limit=1)]
    equal(listed, sorted([first.id, second.id], reverse=True), "the list, descending")
    listed = [one.id for one in await session.pages("endpoint.list", app, limit=1, order=Ordering.ASCENDING)]
    equal(listed, sorted([first.id, second.id]), "the list, ascending")

    await headers(session, app)
    await secret(session, app)
    await drive("endpoint.delete", app, second.id)
    await session.refused(404, "not_found", "endpoint.get", app, second.id)


async def headers(session, app):
    drive = session.drive
    await drive("endpoint.set-headers", app, "first", EndpointHeadersIn(
        headers={"X-Team": "billing", "Authorization": "Basic secret", "X-Old": "1"}))
    held = await drive("endpoint.get-headers", app, "first")
    equal({name.lower(): value for name, value in held.headers.items()}, {"x-team": "billing", "x-old": "1"}, "headers")
    equal([name.lower() for name in held.sensitive], ["authorization"], "the withheld headers")
    await drive("endpoint.patch-headers", app, "first", EndpointHeadersPatchIn(
        headers={"X-New": "2"}, delete_headers=["X-Old"]))
    held = await drive("endpoint.get-headers", app, "first")
    equal({name.lower(): value for name, value in held.headers.items()}, {"x-team": "billing", "x-new": "2"}, "headers")
    await session.invalid(["body", "headers", "Content-Length"], "endpoint.set-headers", app, "first",
                          EndpointHeadersIn(headers={"Content-Length": "1"}))


async def secret(session, app):
    drive = session.drive
    equal((await drive("endpoint.get-secret", app, "first")).key, KEY, "the chosen secret")
    await drive("endpoint.rotate-secret", app, "first", EndpointSecretRotateIn(grace_period_seconds=60))
    drawn = (await drive("endpoint.get-secret", app, "first")).key
    expect(drawn.startswith("whsec_") and drawn != KEY, "no new secret", drawn)
    await drive("endpoint.rotate-secret", app, "first", EndpointSecretRotateIn(key=KEY))
    equal((await drive("endpoint.get-secret", app, "first")).key, KEY, "the secret chosen again")


async def operational_webhooks(session):
    drive = session.drive
    resource = "operational-webhook.endpoint"
    first = await drive(f"{resource}.create", model(
        "OperationalWebhookEndpointIn", url=URL, uid="operators", description="Pager", secret=KEY,
        event_types=["endpoint.disabled"], metadata={"team": "ops"}))
    equal((first.url, first.uid, first.description, field(first, "event_types"), first.metadata),
          (URL, "operators", "Pager", ["endpoint.disabled"], {"team": "ops"}), "the endpoint")
    equal(await drive(f"{resource}.get", first.id), first, "the endpoint by its id")
    replaced = await drive(f"{resource}.upsert", first.id, model(
        "OperationalWebhookEndpointUpsertIn", url=URL, uid="operators", disabled=True))
    equal((replaced.id, replaced.disabled, field(replaced, "event_types")), (first.id, True, None), "the replaced one")
    second = await drive(f"{resource}.create", model("OperationalWebhookEndpointIn", url=URL))
    listed = [one.id for one in await session.pages(f"{resource}.list", limit=1)]
    equal(sorted(listed), sorted([first.id, second.id]), "the list")

    await drive(f"{resource}.set-headers", first.id, OperationalWebhookEndpointHeadersIn(headers={"X-Team": "ops"}))
    held = await drive(f"{resource}.get-headers", first.id)
    equal({name.lower(): value for name, value in held.headers.items()}, {"x-team": "ops"}, "headers")
    equal((await drive(f"{resource}.get-secret", first.id)).key, KEY, "the chosen secret")
    await drive(f"{resource}.rotate-secret", first.id, OperationalWebhookEndpointSecretIn())
    drawn = (await drive(f"{resource}.get-secret", first.id)).key
    expect(drawn.startswith("whsec_") and drawn != KEY, "no new secret", drawn)

    for endpoint in [first, second]:
        await drive(f"{resource}.delete", endpoint.id)
    await session.refused(404, "not_found", f"{resource}.get", first.id)
