// A webhook receiver. SCHEME, SECRET, PORT (0: any), TOLERANCE (seconds) and, for kloutit, VERIFY_URL are read from the
// environment. Behind a proxy that speaks HTTPS.

import { createServer } from "node:http";

import { keyOf, Refused, SCHEMES, verify } from "./verify.mjs";

const { SCHEME: name, SECRET: secret, PORT: port = "0", TOLERANCE: tolerance = "300", VERIFY_URL: verifyUrl } = process.env;
const MOST_BYTES = 1 << 20;
// Just Wallet takes 200 alone for an answer; all others take any 2xx.
const TAKEN = name === "justwallet" ? 200 : 204;

// Kloutit signs nothing: it is asked instead, and SECRET is the key of its API.
const asks = name === "kloutit";
const scheme = SCHEMES[name];
if (!secret || !(asks ? verifyUrl : scheme)) throw new Error("SCHEME, SECRET or VERIFY_URL is missing or unknown");
const key = asks ? null : keyOf(scheme, secret);

// The status for Kloutit: taken if it says that the event is its own, 401 if not, 503 if it does not say.
async function ask(body) {
  try {
    const headers = { "x-api-key": secret, "content-type": "application/json" };
    const options = { method: "POST", headers, body, redirect: "manual", signal: AbortSignal.timeout(5000) };
    const { ok, status } = await fetch(verifyUrl, options);
    return ok ? TAKEN : status < 500 ? 401 : 503;
  } catch {
    return 503;
  }
}

// Here store the event and be done: what it means is worked out after the answer. An id that is stored already is an
// event sent again, which is answered like the first. The body is not logged: it holds personal data.
function take(id, body) {
  console.log(`accepted ${name} ${id ?? "-"} ${body.length} bytes`);
}

// The body as it came: a parser in front of this, such as express.json(), would leave nothing to verify.
async function read(request) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function status(request) {
  if (request.method !== "POST") return 405;
  const body = await read(request);
  if (body === null) return 413;
  try {
    const id = asks ? null : verify(scheme, key, request.headers, body, Date.now() / 1000, Number(tolerance));
    const status = asks ? await ask(body) : TAKEN;
    if (status === TAKEN) take(id, body);
    return status;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    console.error(`refused: ${error.message}`);
    return 401;
  }
}

const server = createServer(async (request, response) => {
  let code = 500;
  try {
    code = await status(request);
  } catch (error) {
    console.error(error);
  }
  response.writeHead(code, { connection: "close" }).end();
});
server.requestTimeout = 10_000;
server.listen(Number(port), "127.0.0.1", () => console.log(`listening on ${server.address().port}`));
