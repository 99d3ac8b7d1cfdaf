// Drives every operation that Posthaste has with the official Svix SDK.
//
//     SVIX_TOKEN=… node sdk_operations.mjs MANIFEST PACKAGE SERVER_URL GOOD_URL BAD_URL
//
// MANIFEST is a package.json whose packages are beside it, and PACKAGE its name for the SDK. The last line on stdout is
// JSON: {"sdk": its version, "operations": [the names of those driven, in order]}. Anything that is not as the contract
// has it ends the run with exit code 1 and is told on stderr. The organisation of the token must be new; GOOD_URL must
// take what it is sent, and BAD_URL must answer 500, on three attempts in quick succession.

import { applications, eventTypes, tokens } from "./sdk_catalogue.mjs";
import { endpoints, operationalWebhooks } from "./sdk_endpoints.mjs";
import { load, Session } from "./sdk_session.mjs";
import { traffic } from "./sdk_traffic.mjs";

// Of each part of the SDK that is not served.
const ABSENT = [
  ["connector.list"],
  ["ingest.source.list"],
  ["ingest.source.delete", "src_1"],
  ["integration.list", "app_1"],
  ["message.poller.poll", "app_1", "poll_1"],
  ["streaming.event-type.list"],
  ["streaming.stream.list"],
  ["streaming.stream.delete", "strm_1"],
];

const [manifest, name, serverUrl, goodUrl, badUrl] = process.argv.slice(2);
const sdk = await load(manifest, name);
const session = new Session(sdk, serverUrl, process.env.SVIX_TOKEN);
await session.drive("health.get");
await applications(session);
await eventTypes(session);
await tokens(session);
await endpoints(session);
await operationalWebhooks(session);
await traffic(session, goodUrl, badUrl);
for (const [operation, ...asked] of ABSENT) {
  if (session.has(operation)) await session.refused(501, "not_implemented", operation, ...asked);
}
console.log(JSON.stringify({ sdk: sdk.version, operations: [...session.driven].sort() }));
