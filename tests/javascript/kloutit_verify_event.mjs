// What Kloutit's SDK for Node.js does for `verifyEvent`, without the SDK, which no registry has: the event as it was
// parsed, written anew, is posted to /case/verify-event, with the key in `x-api-key`; a 2xx resolves, all else rejects.
//
//     KLOUTIT_API_KEY=… node kloutit_verify_event.mjs http://127.0.0.1:8081 <event.json

import { text } from "node:stream/consumers";

class KloutitCaseApi {
  constructor({ apiKey, basePath }) {
    Object.assign(this, { apiKey, basePath });
  }

  async verifyEvent(event) {
    for (const field of ["eventType", "expedientNumber"]) {
      if (event[field] == null) throw new TypeError(`${field} is required`);
    }
    const response = await fetch(`${this.basePath}/case/verify-event`, {
      method: "POST",
      headers: {
        Accept: "application/json, text/plain, */*",
        "Content-Type": "application/json",
        "x-api-key": this.apiKey,
      },
      body: JSON.stringify(event),
      redirect: "error",
    });
    if (!response.ok) throw Object.assign(new Error("refused"), { status: response.status });
    return response;
  }
}

const api = new KloutitCaseApi({ apiKey: process.env.KLOUTIT_API_KEY, basePath: process.argv[2] });
const event = JSON.parse(await text(process.stdin));
const told = await api.verifyEvent(event).then(
  ({ status }) => ({ resolved: true, status }),
  (error) => ({ resolved: false, status: error.status }),
);
console.log(JSON.stringify(told));
