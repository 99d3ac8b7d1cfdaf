// Tells whether a webhook request is from who it says, over the body as it was received.
// Copy this file. It needs Node 18 and nothing else.

import { createHmac, createPublicKey, timingSafeEqual, verify as verifyWithPublicKey } from "node:crypto";

// header: carries the signatures; entry: what a signature begins with, what begins otherwise is passed over;
// separator: between signatures, of which there are several while a secret is rotated; before: what is signed before
// the body; id: the header of the message id, which stays the same when it is sent again; timestamp: the header of the
// time of sending, or "t=" where the signature header has it; secret: what a secret begins with that is base64 from
// there on, else it is used as it is.
const standard = { entry: "v1,", separator: " ", before: "{id}.{timestamp}.", encoding: "base64", secret: "whsec_" };
const webhook = { header: "webhook-signature", id: "webhook-id", timestamp: "webhook-timestamp" };
export const SCHEMES = {
  "standard-v1": { ...standard, ...webhook },
  "standard-v1a": { ...standard, ...webhook, entry: "v1a,", algorithm: "ed25519", secret: "whpk_" },
  svix: { ...standard, header: "svix-signature", id: "svix-id", timestamp: "svix-timestamp" },
  justwallet: { header: "signature" },
  "hex-body": { header: "x-signature" },
  stripe: { header: "stripe-signature", entry: "v1=", separator: ",", before: "{timestamp}.", timestamp: "t=" },
  github: { header: "x-hub-signature-256", entry: "sha256=", id: "x-github-delivery" },
  slack: { header: "x-slack-signature", entry: "v0=", before: "v0:{timestamp}:", timestamp: "x-slack-request-timestamp" },
  zoom: { header: "x-zm-signature", entry: "v0=", before: "v0:{timestamp}:", timestamp: "x-zm-request-timestamp" },
  shopify: { header: "x-shopify-hmac-sha256", id: "x-shopify-webhook-id", encoding: "base64" },
  pagerduty: { header: "x-pagerduty-signature", entry: "v1=", separator: "," },
  "convoy-advanced": { header: "x-convoy-signature", entry: "v1=", separator: ",", before: "{timestamp},", timestamp: "t=" },
  masspay: { header: "x-masspay-signature", entry: "s=", separator: ",", before: "{timestamp}|", timestamp: "t=", algorithm: "sha512" },
  "static-secret": { header: "signature", algorithm: "static" },
};

// The request is not to be believed. The reason is for your log, not for the sender.
export class Refused extends Error {}

// The key in a secret. Call it once, at the start, so that a wrong secret is found then.
export function keyOf(scheme, secret) {
  const start = scheme.secret ?? "";
  if (!secret.startsWith(start)) throw new Error(`the secret must begin with ${start}`);
  const key = Buffer.from(secret.slice(start.length), scheme.secret ? "base64" : "utf8");
  if (key.length === 0) throw new Error("the secret is empty");
  // Of what is left a key could be made, which would match nothing.
  if (scheme.secret && key.toString("base64") !== secret.slice(start.length)) throw new Error("the secret is not base64");
  return key;
}

// Returns the message id, or null where the scheme has none; throws Refused. `headers` has its names in lower case,
// `body` is the Buffer as received, `now` and `tolerance` are in seconds.
export function verify(scheme, key, headers, body, now, tolerance = 300) {
  const header = (name) => {
    if (!headers[name]) throw new Refused(`${name} is missing`);
    return headers[name];
  };
  const given = header(scheme.header);
  const entries = scheme.separator ? given.split(scheme.separator) : [given];
  const id = scheme.id ? header(scheme.id) : null;
  let timestamp = null;
  if (scheme.timestamp === "t=") timestamp = entries.find((entry) => entry.startsWith("t="))?.slice(2) ?? "";
  else if (scheme.timestamp) timestamp = header(scheme.timestamp);
  if (timestamp !== null) {
    if (!/^[0-9]{1,12}$/.test(timestamp)) throw new Refused("the timestamp is not a number of seconds");
    if (Math.abs(now - Number(timestamp)) > tolerance) throw new Refused("the timestamp is too far from now");
  }
  // A function as the replacement: in a string, $ has a meaning.
  const before = (scheme.before ?? "").replace("{id}", () => id).replace("{timestamp}", () => timestamp);
  const content = Buffer.concat([Buffer.from(before, "latin1"), body]);
  const start = scheme.entry ?? "";
  const signatures = entries.filter((entry) => entry.startsWith(start)).map((entry) => entry.slice(start.length));
  if (!signatures.some((signature) => matches(scheme, key, content, signature))) throw new Refused("no signature matches");
  return id;
}

function matches(scheme, key, content, signature) {
  if (scheme.algorithm === "ed25519") {
    const jwk = { kty: "OKP", crv: "Ed25519", x: key.toString("base64url") };
    const bytes = Buffer.from(signature, "base64");
    // Node passes over what is not base64.
    if (bytes.toString("base64") !== signature) return false;
    return verifyWithPublicKey(null, content, createPublicKey({ key: jwk, format: "jwk" }), bytes);
  }
  const expected =
    scheme.algorithm === "static"
      ? key
      : Buffer.from(createHmac(scheme.algorithm ?? "sha256", key).update(content).digest(scheme.encoding ?? "hex"));
  const actual = Buffer.from(signature, "latin1");
  // Not ===, which takes the longer the more of it is right.
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}
