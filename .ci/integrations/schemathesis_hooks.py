"""Callers and ids for schemathesis, so that most requests get past the door.

API and ADMIN_TOKEN come from the environment. The token is of an admin whom no generated request knows.
"""

import json
import os
import urllib.request
import uuid
import zlib

import schemathesis

API, ADMIN_TOKEN = os.environ["API"], os.environ["ADMIN_TOKEN"]
PASSWORD = "correct horse battery staple"


def send(path, body=None, token=ADMIN_TOKEN):
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(API + path, data=data, headers=headers)) as answer:
        return json.load(answer)


@schemathesis.auth(refresh_interval=2)
class NewAdmin:
    """Another admin every two seconds: generated requests sign themselves out, or change their own role."""

    def get(self, case, context):
        email = f"{uuid.uuid4()}@example.com"
        send("/users/", {"role": "admin", "email": email, "password": PASSWORD})
        return send("/auth/signin", {"email": email, "password": PASSWORD})["access_token"]

    def set(self, case, data, context):
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Three of four ids are those of people who are there."""
    if path_parameters and "id" in path_parameters:
        drawn = zlib.crc32(str(path_parameters["id"]).encode())
        if drawn % 4:
            path_parameters["id"] = somebody(drawn)
    return path_parameters


def somebody(drawn):
    customer = {"role": "customer", "phone": f"+99890{drawn % 10**7:07}"}
    people = send("/users/?limit=20&role=customer")["items"] or [send("/users/", customer)]
    return people[drawn % len(people)]["id"]
