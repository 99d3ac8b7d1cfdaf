"""What a platform sets up: applications, event types, and their tokens."""

from svix.models import AppPortalAccessIn, ApplicationIn, ApplicationPatch, ApplicationTokenExpireIn, Ordering

from sdk_session import VERSION, equal, expect, model

SCHEMA = {
    "type": "object",
    "properties": {"invoice": {"type": "integer"}},
    "required": ["invoice"],
    "examples": [{"invoice": 7}],
}
OPENAPI = {
    "openapi": "3.1.0",
    "info": {"title": "Shop", "version": "1"},
    "paths": {},
    "webhooks": {
        "order.shipped": {
            "post": {
                "operationId": "order.shipped",
                "description": "An order is on its way",
                "requestBody": {"content": {"application/json": {"schema": SCHEMA}}},
                "responses": {"2XX": {"description": "taken"}},
            }
        }
    },
}


async def applications(session):
    drive = session.drive
    shop = await drive("application.create", ApplicationIn(
        name="Shop", uid="shop-1", throttle_rate=100, metadata={"plan": "free"}))
    expect(shop.id.startswith("app_"), "an application's id", shop.id)
    equal((shop.name, shop.uid, shop.throttle_rate, shop.metadata), ("Shop", "shop-1", 100, {"plan": "free"}), "shop")
    expect(shop.created_at.tzinfo is not None and shop.updated_at >= shop.created_at, "a time without a zone", shop)
    equal(await drive("application.get", shop.id), shop, "the application by its id")
    equal(await drive("application.get", "shop-1"), shop, "the application by its uid")
    again = await drive("application.get-or-create", ApplicationIn(name="Other", uid="shop-1"))
    equal(again, shop, "the application that exists")
    await session.refused(409, "conflict", "application.create", ApplicationIn(name="Other", uid="shop-1"))

    # What is not named stays, and null clears.
    patched = await drive("application.patch", "shop-1", ApplicationPatch(name="Shop & Sons", throttle_rate=None))
    equal((patched.id, patched.name, patched.uid, patched.throttle_rate, patched.metadata),
          (shop.id, "Shop & Sons", "shop-1", None, {"plan": "free"}), "the patched application")
    replaced = await drive("application.upsert", "shop-1", ApplicationIn(name="Shop", uid="shop-1"))
    equal((replaced.id, replaced.metadata), (shop.id, {}), "the replaced application")
    other = await drive("application.upsert", "shop-2", ApplicationIn(name="Second shop", uid="shop-2"))
    expect(other.id != shop.id, "an upsert created nothing", other)

    listed = await session.pages("application.list", limit=1)
    equal([listed_one.id for listed_one in listed], sorted([shop.id, other.id]), "the list, ascending")
    backwards = await session.pages("application.list", limit=1, order=Ordering.DESCENDING)
    equal([listed_one.id for listed_one in backwards], sorted([shop.id, other.id], reverse=True), "descending")

    equal(await session.refused(404, "not_found", "application.get", "nobody"), "Entity not found", "the detail")
    await session.invalid(["body", "name"], "application.create", ApplicationIn(name=""))
    await session.invalid(["query", "limit", "limit"], "application.list", limit=251)
    await drive("application.delete", other.id)
    await session.refused(404, "not_found", "application.get", other.id)
    await session.refused(404, "not_found", "application.delete", other.id)


async def event_types(session):
    drive = session.drive
    flag = {"feature_flag": "beta"} if VERSION == 1 else {"feature_flags": ["beta"]}
    paid = await drive("event-type.create", model(
        "EventTypeIn", name="invoice.paid", description="An invoice was paid", schemas={"1": SCHEMA},
        group_name="invoice"))
    equal((paid.name, paid.description, paid.archived, paid.deprecated, paid.schemas, paid.group_name),
          ("invoice.paid", "An invoice was paid", False, False, {"1": SCHEMA}, "invoice"), "the event type")
    equal(await drive("event-type.get", "invoice.paid"), paid, "the event type by its name")
    hidden = await drive("event-type.create", model("EventTypeIn", name="invoice.hidden", description="Secret", **flag))
    equal(hidden.feature_flags, ["beta"], "the flags")
    equal(hidden.feature_flag, "beta", "the one flag")
    await session.refused(409, "event_type_exists", "event-type.create",
                          model("EventTypeIn", name="invoice.paid", description="Again"))

    patched = await drive("event-type.patch", "invoice.paid", model("EventTypePatch", deprecated=True))
    equal((patched.deprecated, patched.description), (True, "An invoice was paid"), "the patched event type")
    replaced = await drive("event-type.upsert", "invoice.paid", model(
        "EventTypeUpsertIn", description="An invoice was paid", schemas={"1": SCHEMA}))
    equal((replaced.deprecated, replaced.created_at), (False, paid.created_at), "the replaced event type")
    await drive("event-type.upsert", "invoice.late", model("EventTypeUpsertIn", description="An invoice is late"))

    await drive("event-type.delete", "invoice.late")
    equal(await names(session, limit=1), ["invoice.hidden", "invoice.paid"], "the list, by name")
    everything = await session.pages("event-type.list", include_archived=True, with_content=True)
    equal([(one.name, one.archived) for one in everything],
          [("invoice.hidden", False), ("invoice.late", True), ("invoice.paid", False)], "with those archived")
    equal(everything[-1].schemas, {"1": SCHEMA}, "the schemas, where they are asked for")
    await drive("event-type.delete", "invoice.late", expunge=True)
    await session.refused(404, "not_found", "event-type.get", "invoice.late")
    await session.invalid(["body", "name"], "event-type.create",
                          model("EventTypeIn", name="no spaces", description="Wrong"))

    planned = await drive("event-type.import-openapi", model("EventTypeImportOpenApiIn", spec=OPENAPI, dry_run=True))
    equal([one.name for one in planned.data.to_modify or []], ["order.shipped"], "what would be imported")
    await session.refused(404, "not_found", "event-type.get", "order.shipped")
    imported = await drive("event-type.import-openapi", model("EventTypeImportOpenApiIn", spec=OPENAPI))
    equal(imported.data.modified, ["order.shipped"], "what was imported")
    shipped = await drive("event-type.get", "order.shipped")
    equal(shipped.description, "An order is on its way", "the imported description")


async def names(session, **options):
    return [event_type.name for event_type in await session.pages("event-type.list", **options)]


async def tokens(session):
    drive = session.drive
    shop = await drive("application.create", ApplicationIn(name="Shop", uid="shop-tokens"))
    other = await drive("application.create", ApplicationIn(name="Neighbour"))
    access = await drive("authentication.app-portal-access", shop.id, AppPortalAccessIn(feature_flags=["beta"]))
    expect(access.url.startswith("http") and access.token, "no access", access)

    customer = session.speaking_for(access.token)
    equal((await customer.drive("application.get", shop.id)).id, shop.id, "the customer's own application")
    await customer.refused(404, "not_found", "application.get", other.id)
    await customer.refused(403, "insufficient access", "application.delete", shop.id)
    await customer.refused(403, "insufficient access", "application.list")
    expect("invoice.hidden" in await names(customer), "a customer with the flag does not see its event type")
    plain = await drive("authentication.app-portal-access", shop.id, AppPortalAccessIn())
    expect("invoice.hidden" not in await names(session.speaking_for(plain.token)), "a flagged event type is seen")

    inline = AppPortalAccessIn(application=ApplicationIn(name="New shop", uid="shop-new"))
    await drive("authentication.app-portal-access", "shop-new", inline)
    equal((await drive("application.get", "shop-new")).name, "New shop", "the application that came with it")

    await drive("authentication.expire-all", shop.id, ApplicationTokenExpireIn())
    await session.until("the end of the token", lambda: ended(customer, shop.id))
    equal((await drive("application.get", shop.id)).id, shop.id, "what the platform's own token still reads")
    await session.speaking_for("nonsense").refused(401, "authentication_failed", "application.list")


async def ended(customer, app_id):
    """Whether the token has ended: it counts in seconds, so a moment may pass."""
    try:
        await customer.drive("application.get", app_id)
    except Exception:
        await customer.refused(401, "authentication_failed", "application.get", app_id)
        return True
    return None
