// What happens: messages, attempts to deliver them, and what is done about those that failed.

import { equal, expect } from "./sdk_session.mjs";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const [SUCCESS, FAIL] = [0, 2];
const [SCHEDULED, MANUAL] = [0, 1];

const ids = (items) => items.map((item) => item.id);
const before = (moment, span) => new Date(moment.getTime() - span);

/** An application with an endpoint that takes everything and one that fails at everything. */
async function open(session, goodUrl, badUrl) {
  const app = (await session.drive("application.create", { name: "Traffic", uid: "traffic" })).id;
  const endpoint = async (uid, url) => {
    const asked = session.model("EndpointIn", { url, uid, eventTypes: ["invoice.paid"] });
    return (await session.drive("endpoint.create", app, asked)).id;
  };
  return {
    app, good: await endpoint("good", goodUrl), bad: await endpoint("bad", badUrl), since: before(new Date(), HOUR),
  };
}

export async function traffic(session, goodUrl, badUrl) {
  const shop = await open(session, goodUrl, badUrl);
  const message = await messages(session, shop);
  await attempts(session, shop, message);
  await statistics(session, shop);
  await again(session, shop, message, goodUrl);
  await forgotten(session, shop, message);
}

async function messages(session, { app, since }) {
  for (const [eventType, active] of [["invoice.paid", true], ["invoice.hidden", false]]) {
    const answer = await session.drive("message.precheck", app, { eventType });
    equal(answer.active, active, `whether anybody wants ${eventType}`);
  }
  const sent = {
    eventType: "invoice.paid", eventId: "paid-1", payload: { invoice: 1, lines: [{ sum: "9.90" }] }, channels: ["eu"],
    tags: ["first"], payloadRetentionHours: 48,
  };
  const message = await session.drive("message.create", app, sent, { withContent: true });
  equal([message.id.startsWith("msg_"), message.eventType, message.eventId], [true, "invoice.paid", "paid-1"], "the message");
  equal([message.channels, message.tags, message.payload.lines[0].sum], [["eu"], ["first"], "9.90"], "the rest of it");
  await session.refused(409, "conflict", "message.create", app, sent);
  await session.refused(404, "not_found", "message.create", "nobody", sent);
  await session.invalid(["body", "eventType"], "message.create", app, { eventType: "no spaces", payload: {} });

  const repeated = { eventType: "order.shipped", payload: { order: 1 } };
  const once = await session.drive("message.create", app, repeated, { idempotencyKey: "once", withContent: false });
  equal(once.payload, {}, "a payload that was not asked for");
  const twice = await session.drive("message.create", app, repeated, { idempotencyKey: "once", withContent: false });
  equal(twice.id, once.id, "the id of a message sent twice");

  const deliverAt = new Date(Date.now() + HOUR);
  const planned = await session.drive("message.create", app, {
    eventType: "invoice.paid", payload: { invoice: 2 }, deliverAt, tags: ["planned"],
  });
  equal(planned.deliverAt, deliverAt, "when it is to be delivered");
  await session.drive("message.create", "inline", {
    eventType: "invoice.paid", payload: {}, application: { name: "Inline", uid: "inline" },
  });
  equal((await session.drive("application.get", "inline")).name, "Inline", "the application that came with a message");

  const kept = await session.until("the message in the history", async () => {
    const { data } = await session.drive("message.list", app, { tag: "first" });
    return data.length > 0 ? data : undefined;
  });
  equal(ids(kept), [message.id], "by its tag");
  for (const by of [message.id, "paid-1"]) {
    equal(await session.drive("message.get", app, by, { withContent: true }), message, "the message");
  }
  const bare = await session.drive("message.get", app, message.id, { withContent: false });
  equal(bare.payload, {}, "its payload");

  const found = await session.until("three messages in the history", async () => {
    const all = ids(await session.pages("message.list", [app], { limit: 1 }));
    return all.length === 3 ? all : undefined;
  });
  equal(found, [message.id, once.id, planned.id].sort().reverse(), "the messages, newest first");
  for (const [options, wanted] of [
    [{ channel: "eu" }, [message.id]],
    [{ eventTypes: ["order.shipped"] }, [once.id]],
    [{ eventTypes: ["order.shipped", "invoice.paid"] }, found],
    [{ after: since }, found],
    [{ before: since }, []],
  ]) {
    const listed = ids(await session.pages("message.list", [app], options));
    equal(listed, wanted, `the messages by ${JSON.stringify(options)}`);
  }
  await session.refused(404, "not_found", "message.get", app, "msg_nothing");
  return message;
}

async function attempts(session, shop, message) {
  const { app, good, bad } = shop;
  const destinations = await session.until("the message taken by one endpoint and refused by the other", async () => {
    const { data } = await session.drive("message-attempt.list-attempted-destinations", app, message.id);
    const status = Object.fromEntries(data.map((one) => [one.id, one.status]));
    return status[good] === SUCCESS && status[bad] === FAIL ? data : undefined;
  });
  equal(destinations.map((one) => [one.uid, one.statusText, one.nextAttempt]).sort(),
    [["bad", "fail", null], ["good", "success", null]], "the destinations");

  const all = await session.pages("message-attempt.list-by-msg", [app, message.id], { limit: 1 });
  equal(ids(all), ids(all).sort().reverse(), "the attempts, newest first");
  const taken = all.filter((one) => one.endpointId === good);
  const failed = all.filter((one) => one.endpointId === bad);
  equal(taken.map((one) => [one.responseStatusCode, one.statusText, one.triggerType]),
    [[200, "success", SCHEDULED]], "what the good one answered");
  equal(failed.map((one) => [one.responseStatusCode, one.statusText, one.msgId]),
    Array(3).fill([500, "fail", message.id]), "what the bad one answered");
  await filtered(session, shop, message, { all, good: taken, bad: failed, none: [] });

  const byEndpoint = await session.pages("message-attempt.list-by-endpoint", [app, bad], { withMsg: true });
  equal(ids(byEndpoint), ids(failed), "the attempts of the bad endpoint");
  equal(byEndpoint.map((one) => one.msg?.eventId), Array(3).fill("paid-1"), "their message");
  const one = await session.drive("message-attempt.get", app, message.id, taken[0].id);
  equal([one.id, one.url, one.status], [taken[0].id, taken[0].url, SUCCESS], "the attempt");
  await session.refused(404, "not_found", "message-attempt.get", app, message.id, "atmpt_nothing");

  const attempted = await session.pages("message-attempt.list-attempted-messages", [app, bad], {
    withContent: true,
  });
  equal(attempted.map((each) => [each.id, each.statusText, each.payload.invoice]), [[message.id, "fail", 1]], "its messages");
  const successes = await session.drive("message-attempt.list-attempted-messages", app, bad, { status: SUCCESS });
  equal(successes.data, [], "its successes");

  await session.drive("message-attempt.expunge-content", app, message.id, failed[0].id);
  await session.until("the attempt without its content", async () => {
    const { response } = await session.drive("message-attempt.get", app, message.id, failed[0].id);
    return response === "EXPUNGED" ? true : undefined;
  });
}

async function filtered(session, { app, good, since }, message, kinds) {
  for (const [options, wanted] of [
    [{ status: SUCCESS }, "good"],
    [{ status: FAIL }, "bad"],
    [{ statusCodeClass: 200 }, "good"],
    [{ statusCodeClass: 500 }, "bad"],
    [{ endpointId: good }, "good"],
    [{ channel: "eu" }, "all"],
    [{ channel: "us" }, "none"],
    [{ tag: "first" }, "all"],
    [{ eventTypes: ["invoice.paid"] }, "all"],
    [{ eventTypes: ["order.shipped"] }, "none"],
    [{ after: since, before: new Date() }, "all"],
    [{ expandedStatuses: true, withContent: false }, "all"],
  ]) {
    const found = await session.pages("message-attempt.list-by-msg", [app, message.id], options);
    equal(ids(found), ids(kinds[wanted]), `the attempts by ${JSON.stringify(options)}`);
  }
}

async function statistics(session, { app, good, bad, since }) {
  const healthy = await session.drive("endpoint.get-stats", app, good);
  equal([healthy.success, healthy.fail, healthy.canceled], [1, 0, 0], "the good endpoint's attempts");
  const troubled = await session.drive("endpoint.get-stats", app, bad, { since, until: new Date() });
  equal([troubled.success, troubled.fail], [0, 3], "the bad endpoint's attempts");
  const tooLong = { since: before(since, 60 * DAY), until: since };
  await session.refused(400, "invalid_range", "endpoint.get-stats", app, bad, tooLong);

  const asked = { since, until: new Date(), appIds: [app, "nobody"] };
  const apps = await session.drive("statistics.aggregate-app-stats", asked);
  equal(apps.unresolvedAppIds, ["nobody"], "the applications that there are not");
  const counted = await session.finished(apps, "application.stats");
  expect(JSON.stringify(counted.data).includes(app), "no figures", counted);
  const types = await session.finished(await session.drive("statistics.aggregate-event-types"), "event-type.aggregate");
  expect(JSON.stringify(types.data).includes("invoice.paid"), "no figures", types);
}

/** What failed is sent again: one message, then all that failed, all that were missed, and all of a kind. */
async function again(session, { app, good, bad, since }, message, goodUrl) {
  const attemptsOf = (endpoint, status) =>
    session.pages("message-attempt.list-by-endpoint", [app, endpoint], { status });

  await session.drive("message-attempt.resend", app, message.id, bad);
  const failed = await session.until("the attempt asked for", async () => {
    const found = await attemptsOf(bad, FAIL);
    return found.length === 4 ? found : undefined;
  });
  equal(failed[0].triggerType, MANUAL, "what triggered it");
  await session.refused(404, "not_found", "message-attempt.resend", app, message.id, "nobody");

  // The customer mends its endpoint.
  await session.drive("endpoint.patch", app, bad, { url: goodUrl });
  await session.finished(await session.drive("endpoint.recover", app, bad, { since }), "endpoint.recover");
  const recovered = await session.until("the recovery", async () => {
    const found = await attemptsOf(bad, SUCCESS);
    return found.length > 0 ? found : undefined;
  });
  equal(new Set(recovered.map((one) => one.msgId)), new Set([message.id]), "what was recovered");

  const missed = (await session.drive("endpoint.create", app, { url: goodUrl, uid: "late" })).id;
  await session.finished(await session.drive("endpoint.replay-missing", app, missed, { since }), "endpoint.replay");
  const replayed = await session.until("what the new endpoint missed", async () => {
    const found = await attemptsOf(missed, SUCCESS);
    return found.some((one) => one.msgId === message.id) ? found.length : undefined;
  });
  const bulk = await session.drive("endpoint.bulk-replay", app, missed, { since, tag: "first" });
  await session.finished(bulk, "endpoint.bulk-replay");
  const newest = await session.until("the replay of a tag", async () => {
    const found = await attemptsOf(missed, SUCCESS);
    return found.length > replayed ? found[0] : undefined;
  });
  equal(newest.msgId, message.id, "what was replayed");
  const tooLong = { since: before(since, 30 * DAY), until: since };
  await session.invalid(["body", "since"], "endpoint.recover", app, bad, tooLong);

  const tasks = new Set((await session.pages("background-task.list", [], { limit: 1 })).map((one) => one.task));
  for (const task of ["endpoint.recover", "endpoint.replay", "endpoint.bulk-replay", "application.stats", "event-type.aggregate"]) {
    expect(tasks.has(task), `no ${task}`, [...tasks]);
  }
  const recoveries = await session.drive("background-task.list", { task: "endpoint.recover" });
  equal(new Set(recoveries.data.map((one) => one.task)), new Set(["endpoint.recover"]), "the tasks of a kind");
  await session.refused(404, "not_found", "background-task.get", "qtask_nothing");

  const example = await session.drive("endpoint.send-example", app, good, { eventType: "invoice.paid" });
  equal([example.eventType, example.payload.invoice], ["invoice.paid", 7], "the example");
}

/** What was sent is forgotten, and what became of it is not. */
async function forgotten(session, { app }, message) {
  const more = [];
  for (const order of [0, 1, 2]) {
    more.push(await session.drive("message.create", app, { eventType: "order.shipped", payload: { order } }));
  }
  const holds = (one, wanted, what) => session.until(what, async () => {
    const { data } = await session.drive("message.list", app, { withContent: true });
    const payload = data.find((each) => each.id === one.id)?.payload;
    return JSON.stringify(payload) === JSON.stringify(wanted) ? true : undefined;
  });
  const gone = { expired: true };
  for (const [order, one] of more.entries()) await holds(one, { order }, "the messages");
  await session.drive("message.expunge-content", app, message.id);
  await holds(message, gone, "the message without its content");
  if (session.sdk.major > 1) {
    const done = await session.drive("message.bulk-expunge-content", app, { ids: [more[0].id] });
    equal(Object.keys(done.results), [more[0].id], "what was expunged");
    await holds(more[0], gone, "the message of a list without its content");
  }
  await holds(more[1], { order: 1 }, "a message that keeps its content");
  const everything = await session.drive("message.expunge-all-contents", app);
  await session.finished(everything, "application.purge_content");
  for (const one of more) await holds(one, gone, "every message without its content");
  await session.refused(404, "not_found", "message.expunge-content", app, "msg_nothing");
}
