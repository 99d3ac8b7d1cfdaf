// What a platform sets up: applications, event types, and their tokens.

import { equal, expect } from "./sdk_session.mjs";

const SCHEMA = {
  type: "object",
  properties: { invoice: { type: "integer" } },
  required: ["invoice"],
  examples: [{ invoice: 7 }],
};
const OPENAPI = {
  openapi: "3.1.0",
  info: { title: "Shop", version: "1" },
  paths: {},
  webhooks: {
    "order.shipped": {
      post: {
        operationId: "order.shipped",
        description: "An order is on its way",
        requestBody: { content: { "application/json": { schema: SCHEMA } } },
        responses: { "2XX": { description: "taken" } },
      },
    },
  },
};

const ids = (items) => items.map((item) => item.id);

export async function applications(session) {
  const shop = await session.drive("application.create", {
    name: "Shop", uid: "shop-1", throttleRate: 100, metadata: { plan: "free" },
  });
  equal([shop.id.startsWith("app_"), shop.name, shop.uid, shop.throttleRate], [true, "Shop", "shop-1", 100], "shop");
  equal(shop.metadata, { plan: "free" }, "the metadata");
  equal(await session.drive("application.get", shop.id), shop, "the application by its id");
  equal(await session.drive("application.get", "shop-1"), shop, "the application by its uid");
  const again = await session.drive("application.get-or-create", { name: "Other", uid: "shop-1" });
  equal(again, shop, "the application that exists");
  await session.refused(409, "conflict", "application.create", { name: "Other", uid: "shop-1" });

  // What is not named stays, and null clears.
  const patched = await session.drive("application.patch", "shop-1", { name: "Shop & Sons", throttleRate: null });
  equal([patched.id, patched.name, patched.uid, patched.throttleRate], [shop.id, "Shop & Sons", "shop-1", null], "patched");
  equal(patched.metadata, { plan: "free" }, "the metadata");
  const replaced = await session.drive("application.upsert", "shop-1", { name: "Shop", uid: "shop-1" });
  equal([replaced.id, replaced.metadata], [shop.id, {}], "the replaced application");
  const other = await session.drive("application.upsert", "shop-2", { name: "Second shop", uid: "shop-2" });
  expect(other.id !== shop.id, "an upsert created nothing", other);

  const ascending = [shop.id, other.id].sort();
  equal(ids(await session.pages("application.list", [], { limit: 1 })), ascending, "the list, ascending");
  const backwards = await session.pages("application.list", [], { limit: 1, order: "descending" });
  equal(ids(backwards), ascending.reverse(), "the list, descending");

  equal(await session.refused(404, "not_found", "application.get", "nobody"), "Entity not found", "the detail");
  await session.invalid(["body", "name"], "application.create", { name: "" });
  await session.invalid(["query", "limit", "limit"], "application.list", { limit: 251 });
  await session.drive("application.delete", other.id);
  await session.refused(404, "not_found", "application.get", other.id);
  await session.refused(404, "not_found", "application.delete", other.id);
}

const names = async (session, options) => (await session.pages("event-type.list", [], options)).map((one) => one.name);

export async function eventTypes(session) {
  const flag = session.sdk.major === 1 ? { featureFlag: "beta" } : { featureFlags: ["beta"] };
  const paid = await session.drive("event-type.create", {
    name: "invoice.paid", description: "An invoice was paid", schemas: { 1: SCHEMA }, groupName: "invoice",
  });
  equal([paid.name, paid.description, paid.archived, paid.deprecated, paid.groupName],
    ["invoice.paid", "An invoice was paid", false, false, "invoice"], "the event type");
  equal(paid.schemas, { 1: SCHEMA }, "the schemas");
  equal(await session.drive("event-type.get", "invoice.paid"), paid, "the event type by its name");
  const hidden = await session.drive("event-type.create", { name: "invoice.hidden", description: "Secret", ...flag });
  equal([hidden.featureFlag, hidden.featureFlags], ["beta", ["beta"]], "the flags");
  await session.refused(409, "event_type_exists", "event-type.create", { name: "invoice.paid", description: "Again" });

  const patched = await session.drive("event-type.patch", "invoice.paid", { deprecated: true });
  equal([patched.deprecated, patched.description], [true, "An invoice was paid"], "the patched event type");
  const replaced = await session.drive("event-type.upsert", "invoice.paid", {
    description: "An invoice was paid", schemas: { 1: SCHEMA },
  });
  equal([replaced.deprecated, replaced.createdAt], [false, paid.createdAt], "the replaced event type");
  await session.drive("event-type.upsert", "invoice.late", { description: "An invoice is late" });

  await session.drive("event-type.delete", "invoice.late");
  equal(await names(session, { limit: 1 }), ["invoice.hidden", "invoice.paid"], "the list, by name");
  const everything = await session.pages("event-type.list", [], { includeArchived: true, withContent: true });
  equal(everything.map((one) => [one.name, one.archived]),
    [["invoice.hidden", false], ["invoice.late", true], ["invoice.paid", false]], "with those archived");
  equal(everything.at(-1).schemas, { 1: SCHEMA }, "the schemas, where they are asked for");
  await session.drive("event-type.delete", "invoice.late", { expunge: true });
  await session.refused(404, "not_found", "event-type.get", "invoice.late");
  await session.invalid(["body", "name"], "event-type.create", { name: "no spaces", description: "Wrong" });

  const planned = await session.drive("event-type.import-openapi", { spec: OPENAPI, dryRun: true });
  equal((planned.data.toModify ?? []).map((one) => one.name), ["order.shipped"], "what would be imported");
  await session.refused(404, "not_found", "event-type.get", "order.shipped");
  const imported = await session.drive("event-type.import-openapi", { spec: OPENAPI });
  equal(imported.data.modified, ["order.shipped"], "what was imported");
  const shipped = await session.drive("event-type.get", "order.shipped");
  equal(shipped.description, "An order is on its way", "the imported description");
}

export async function tokens(session) {
  const shop = await session.drive("application.create", { name: "Shop", uid: "shop-tokens" });
  const other = await session.drive("application.create", { name: "Neighbour" });
  const access = await session.drive("authentication.app-portal-access", shop.id, { featureFlags: ["beta"] });
  expect(access.url.startsWith("http") && access.token !== "", "no access", access);

  const customer = session.speakingFor(access.token);
  equal((await customer.drive("application.get", shop.id)).id, shop.id, "the customer's own application");
  await customer.refused(404, "not_found", "application.get", other.id);
  await customer.refused(403, "insufficient access", "application.delete", shop.id);
  await customer.refused(403, "insufficient access", "application.list");
  expect((await names(customer)).includes("invoice.hidden"), "a customer with the flag does not see its event type");
  const ordinary = await session.drive("authentication.app-portal-access", shop.id, {});
  expect(!(await names(session.speakingFor(ordinary.token))).includes("invoice.hidden"), "a flagged event type is seen");

  const inline = { application: { name: "New shop", uid: "shop-new" } };
  await session.drive("authentication.app-portal-access", "shop-new", inline);
  const created = await session.drive("application.get", "shop-new");
  equal(created.name, "New shop", "the application that came with it");

  await session.drive("authentication.expire-all", shop.id, {});
  await session.until("the end of the token", async () => {
    // It counts in seconds, so a moment may pass.
    const reads = await customer.svix.application.get(shop.id).then(() => true, () => false);
    if (reads) return undefined;
    return customer.refused(401, "authentication_failed", "application.get", shop.id);
  });
  equal((await session.drive("application.get", shop.id)).id, shop.id, "what the platform's own token still reads");
  await session.speakingFor("nonsense").refused(401, "authentication_failed", "application.list");
}
