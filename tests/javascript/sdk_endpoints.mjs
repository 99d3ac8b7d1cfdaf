// What a customer sets up: endpoints, and the same of the platform's own, for what happens to its customers.

import { equal, expect } from "./sdk_session.mjs";

const KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const URL = "https://receiver.example.com/hooks";

const ids = (items) => items.map((item) => item.id);
const lowered = (headers) => Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

export async function endpoints(session) {
  const app = (await session.drive("application.create", { name: "Endpoints" })).id;
  const first = await session.drive("endpoint.create", app, session.model("EndpointIn", {
    url: URL, uid: "first", description: "Invoices", eventTypes: ["invoice.paid"], channels: ["eu"], secret: KEY,
    throttleRate: 50, metadata: { team: "billing" }, headers: { "X-Team": "billing" },
  }));
  equal([first.id.startsWith("ep_"), first.url, first.uid, first.description, session.eventTypes(first), first.channels],
    [true, URL, "first", "Invoices", ["invoice.paid"], ["eu"]], "the endpoint");
  equal([first.throttleRate, first.disabled, first.metadata.team], [50, false, "billing"], "the rest of it");
  equal(await session.drive("endpoint.get", app, first.id), first, "the endpoint by its id");
  equal(await session.drive("endpoint.get", app, "first"), first, "the endpoint by its uid");
  await session.refused(409, "conflict", "endpoint.create", app, { url: URL, uid: "first" });
  await session.invalid(["body", "url"], "endpoint.create", app, { url: "no url" });
  const unknown = session.model("EndpointIn", { url: URL, eventTypes: ["no.such"] });
  const msg = await session.invalid(["body", "eventTypes"], "endpoint.create", app, unknown);
  expect(msg.includes("no.such"), "the unknown event type is not named", msg);

  const patched = await session.drive("endpoint.patch", app, "first", { channels: null, description: "Bills" });
  equal([patched.channels, patched.description, session.eventTypes(patched)], [null, "Bills", ["invoice.paid"]], "patched");
  const replaced = await session.drive("endpoint.upsert", app, "first", { url: URL, uid: "first" });
  equal([replaced.id, session.eventTypes(replaced), replaced.metadata], [first.id, null, {}], "the replaced one");
  const second = await session.drive("endpoint.upsert", app, "second", { url: URL, uid: "second" });
  const ascending = [first.id, second.id].sort();
  const listed = await session.pages("endpoint.list", [app], { limit: 1, order: "ascending" });
  equal(ids(listed), ascending, "the list, ascending");
  equal(ids(await session.pages("endpoint.list", [app], { limit: 1 })), ascending.reverse(), "the list, descending");

  await headers(session, app);
  await secret(session, app);
  await session.drive("endpoint.delete", app, second.id);
  await session.refused(404, "not_found", "endpoint.get", app, second.id);
}

async function headers(session, app) {
  await session.drive("endpoint.set-headers", app, "first", {
    headers: { "X-Team": "billing", Authorization: "Basic secret", "X-Old": "1" },
  });
  let held = await session.drive("endpoint.get-headers", app, "first");
  equal(lowered(held.headers), { "x-team": "billing", "x-old": "1" }, "the headers");
  equal(held.sensitive.map((name) => name.toLowerCase()), ["authorization"], "the withheld headers");
  await session.drive("endpoint.patch-headers", app, "first", { headers: { "X-New": "2" }, deleteHeaders: ["X-Old"] });
  held = await session.drive("endpoint.get-headers", app, "first");
  equal(lowered(held.headers), { "x-team": "billing", "x-new": "2" }, "the headers");
  const reserved = { headers: { "Content-Length": "1" } };
  await session.invalid(["body", "headers", "Content-Length"], "endpoint.set-headers", app, "first", reserved);
}

async function secret(session, app) {
  equal((await session.drive("endpoint.get-secret", app, "first")).key, KEY, "the chosen secret");
  await session.drive("endpoint.rotate-secret", app, "first", { gracePeriodSeconds: 60 });
  const drawn = (await session.drive("endpoint.get-secret", app, "first")).key;
  expect(drawn.startsWith("whsec_") && drawn !== KEY, "no new secret", drawn);
  await session.drive("endpoint.rotate-secret", app, "first", { key: KEY });
  equal((await session.drive("endpoint.get-secret", app, "first")).key, KEY, "the secret chosen again");
}

export async function operationalWebhooks(session) {
  const drive = (verb, ...asked) => session.drive(`operational-webhook.endpoint.${verb}`, ...asked);
  const first = await drive("create", session.model("OperationalWebhookEndpointIn", {
    url: URL, uid: "operators", description: "Pager", secret: KEY, eventTypes: ["endpoint.disabled"], metadata: { team: "ops" },
  }));
  equal([first.url, first.uid, first.description, session.eventTypes(first), first.metadata.team],
    [URL, "operators", "Pager", ["endpoint.disabled"], "ops"], "the endpoint");
  equal(await drive("get", first.id), first, "the endpoint by its id");
  const replaced = await drive("upsert", first.id, { url: URL, uid: "operators", disabled: true });
  equal([replaced.id, replaced.disabled, session.eventTypes(replaced)], [first.id, true, null], "the replaced one");
  const second = await drive("create", { url: URL });
  const listed = await session.pages("operational-webhook.endpoint.list", [], { limit: 1 });
  equal(ids(listed).sort(), [first.id, second.id].sort(), "the list");

  await drive("set-headers", first.id, { headers: { "X-Team": "ops" } });
  equal(lowered((await drive("get-headers", first.id)).headers), { "x-team": "ops" }, "the headers");
  equal((await drive("get-secret", first.id)).key, KEY, "the chosen secret");
  await drive("rotate-secret", first.id, {});
  const drawn = (await drive("get-secret", first.id)).key;
  expect(drawn.startsWith("whsec_") && drawn !== KEY, "no new secret", drawn);

  await drive("delete", first.id);
  await drive("delete", second.id);
  await session.refused(404, "not_found", "operational-webhook.endpoint.get", first.id);
}
