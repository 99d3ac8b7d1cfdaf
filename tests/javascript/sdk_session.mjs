// A session with the official Svix SDK, of either major version.
//
// What the SDK is asked for is named as in the newest version (`application.upsert`, `eventTypes`); an older one is
// asked by its own names. Each reply must be of the model that the SDK promises, and each refusal its own exception.
// Nothing is retried: a fault must not hide behind a retry.

import { createRequire } from "node:module";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { isDeepStrictEqual } from "node:util";

import { Failed, Models } from "./sdk_models.mjs";

// What version 1 calls what has another name now.
const FORMER_METHODS = {
  "application.upsert": "update",
  "endpoint.set-headers": "updateHeaders",
  "endpoint.upsert": "update",
  "event-type.upsert": "update",
  "operational-webhook.endpoint.set-headers": "updateHeaders",
  "operational-webhook.endpoint.upsert": "update",
};
const FORMER_MODELS = {
  EndpointUpsertIn: "EndpointUpdate",
  EventTypeUpsertIn: "EventTypeUpdate",
  OperationalWebhookEndpointUpsertIn: "OperationalWebhookEndpointUpdate",
};

const PATIENCE_MS = 60_000;
const ASK_AGAIN_MS = 50;

/** The SDK that has this name in a package.json, whose packages are beside it. */
export async function load(manifest, name) {
  const entry = createRequire(path.resolve(manifest)).resolve(name);
  const home = path.join(path.dirname(path.resolve(manifest)), "node_modules", name);
  const { version } = createRequire(import.meta.url)(path.join(home, "package.json"));
  const sdk = await import(pathToFileURL(entry));
  return { ...sdk, version, major: Number(version.split(".")[0]), models: new Models(home) };
}

export function expect(holds, what, seen) {
  if (!holds) throw new Failed(`${what}: ${JSON.stringify(seen)}`);
}

/** Null and undefined are the same to the SDK. */
const plain = (value) => (Array.isArray(value) ? value.map(plain) : (value ?? null));

export function equal(found, wanted, what) {
  if (!isDeepStrictEqual(plain(found), plain(wanted))) {
    throw new Failed(`${what} is ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`);
  }
}

const camel = (name) => name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());

/** Drives operations, and remembers which. */
export class Session {
  constructor(sdk, serverUrl, token, driven = new Set()) {
    Object.assign(this, { sdk, serverUrl, driven });
    this.svix = new sdk.Svix(token, { serverUrl, retryScheduleInMs: [] });
  }

  /** The same with another token. */
  speakingFor(token) {
    return new Session(this.sdk, this.serverUrl, token, this.driven);
  }

  /** Whether this version of the SDK has it. */
  has(operation) {
    const { resource, method } = this.#find(operation);
    return resource?.[method] !== undefined;
  }

  /** A model of the SDK by its newest name. Misspelt fields are refused, which the SDK itself does not do. */
  model(name, fields) {
    const known = this.sdk.major === 1 ? (FORMER_MODELS[name] ?? name) : name;
    const former = this.sdk.major === 1 && this.sdk.models.fields(known).includes("filterTypes");
    const named = Object.entries(fields).map(([field, value]) => [former && field === "eventTypes" ? "filterTypes" : field, value]);
    const unknown = named.filter(([field]) => !this.sdk.models.fields(known).includes(field));
    expect(unknown.length === 0, `${known} has no such field`, unknown);
    return Object.fromEntries(named);
  }

  /** An endpoint's event types, whatever this version calls them. */
  eventTypes(endpoint) {
    return this.sdk.major === 1 ? endpoint.filterTypes : endpoint.eventTypes;
  }

  /** Asks for an operation, and returns the reply, which is of the model that the SDK promises. */
  async drive(operation, ...asked) {
    const { resource, method } = this.#find(operation);
    let reply;
    try {
      reply = await resource[method](...asked);
    } catch (refusal) {
      if (!(refusal instanceof this.sdk.ApiException)) throw refusal;
      throw new Failed(`${operation} was refused: ${refusal.code} ${JSON.stringify(refusal.body)}`);
    }
    // Bundling may have numbered the class.
    const promised = this.sdk.models.promised(resource.constructor.name.replace(/\$\d+$/, ""), method);
    this.sdk.models.check(reply, promised);
    this.driven.add(operation);
    return reply;
  }

  /** Asks for an operation that must be refused in the standard way. */
  async refused(status, code, operation, ...asked) {
    const refusal = await this.#refusal(operation, asked);
    // The SDK parses what it holds to be the caller's fault alone.
    const body = status < 500 ? refusal.body : JSON.parse(refusal.body);
    equal([refusal.code, body.code], [status, code], `the refusal of ${operation}`);
    expect(typeof body.detail === "string" && body.detail !== "", `${operation} gives no detail`, body);
    return body.detail;
  }

  /** Asks for an operation that must be refused because of what was sent, at this place of it. */
  async invalid(loc, operation, ...asked) {
    const refusal = await this.#refusal(operation, asked);
    equal(refusal.code, 422, `the refusal of ${operation}, ${JSON.stringify(refusal.body)}`);
    equal(refusal.body.detail.map((fault) => fault.loc), [loc], `where ${operation} was refused`);
    expect(refusal.body.detail.every((fault) => fault.msg && fault.type), "a fault says nothing", refusal.body);
    return refusal.body.detail[0].msg;
  }

  /** Everything that a list has, in its order, asked for a page at a time. */
  async pages(operation, path, options = {}) {
    const items = [];
    for (let iterator; ; ) {
      const page = await this.drive(operation, ...path, { ...options, iterator });
      items.push(...page.data);
      if (page.done) return items;
      expect(page.data.length > 0 && ![null, iterator].includes(page.iterator), `${operation} makes no progress`, page);
      iterator = page.iterator;
    }
  }

  /** Asks again and again, until the answer is not undefined; for what nothing tells of. */
  async until(what, ask) {
    const deadline = performance.now() + PATIENCE_MS;
    while (performance.now() < deadline) {
      const answer = await ask();
      if (answer !== undefined) return answer;
      await wait(ASK_AGAIN_MS);
    }
    throw new Failed(`not within ${PATIENCE_MS / 1000} s: ${what}`);
  }

  /** Waits for what goes on after a reply: a background task of this kind. Returns it. */
  async finished(started, task) {
    equal([started.id.startsWith("qtask_"), started.task], [true, task], "the task");
    const ended = await this.until(`the end of ${task}`, async () => {
      const now = await this.drive("background-task.get", started.id);
      equal([now.id, now.task], [started.id, started.task], "the task");
      return now.status === "running" ? undefined : now;
    });
    equal(ended.status, "finished", `what became of ${task}, ${JSON.stringify(ended.data)}`);
    return ended;
  }

  async #refusal(operation, asked) {
    const { resource, method } = this.#find(operation);
    let reply;
    try {
      reply = await resource[method](...asked);
    } catch (refusal) {
      if (refusal instanceof this.sdk.ApiException) return refusal;
      throw refusal;
    }
    throw new Failed(`${operation} was not refused, and returned ${JSON.stringify(reply)}`);
  }

  #find(operation) {
    const parts = operation.split(".");
    const verb = parts.pop();
    const resource = parts.reduce((found, part) => found?.[camel(part)], this.svix);
    const former = this.sdk.major === 1 ? FORMER_METHODS[operation] : undefined;
    return { resource, method: former ?? camel(verb) };
  }
}
