"""Drives every operation that Posthaste has with the official Svix SDK, whichever version is installed.

    SVIX_TOKEN=… python sdk_operations.py SERVER_URL GOOD_URL BAD_URL [--async]

The last line on stdout is JSON: {"sdk": its version, "operations": [the names of those driven, in order]}. Anything
that is not as the contract has it ends the run with exit code 1 and is told on stderr. The organisation of the token
must be new; GOOD_URL must take what it is sent, and BAD_URL must answer 500, on three attempts in quick succession.
"""

import argparse
import asyncio
import json
import os

import svix

import sdk_absent
import sdk_catalogue
import sdk_endpoints
import sdk_traffic
from sdk_session import Session


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server_url", help="without the /api/v1 that the SDK adds")
    parser.add_argument("good_url", help="where an endpoint receives and takes")
    parser.add_argument("bad_url", help="where an endpoint receives and fails")
    parser.add_argument("--async", action="store_true", dest="asynchronous", help="use the asynchronous client")
    return parser.parse_args()


async def main():
    asked = arguments()
    session = Session(asked.server_url, os.environ["SVIX_TOKEN"], asynchronous=asked.asynchronous)
    await session.drive("health.get")
    await sdk_catalogue.applications(session)
    await sdk_catalogue.event_types(session)
    await sdk_catalogue.tokens(session)
    await sdk_endpoints.endpoints(session)
    await sdk_endpoints.operational_webhooks(session)
    await sdk_traffic.traffic(session, asked.good_url, asked.bad_url)
    await sdk_absent.absent(session)
    print(json.dumps({"sdk": svix.__version__, "operations": sorted(session.driven)}))


if __name__ == "__main__":
    asyncio.run(main())
