// The README's main job, through a client whose types openapi-typescript made of docs/openapi.json. It has to compile
// under --strict. API, EMAIL and PASSWORD (of an admin) come from the environment.
import assert from "node:assert/strict";
import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "./api.js";

type User = components["schemas"]["UserResponse"];
type Problem = components["schemas"]["Problem"];

function setting(name: string): string {
  const value = process.env[name];
  assert(value, `${name} is not set`);
  return value;
}

const API = setting("API");

function clientOf(token?: string) {
  const client = createClient<paths>({ baseUrl: API });
  const bearer: Middleware = {
    onRequest({ request }) {
      if (token) request.headers.set("Authorization", `Bearer ${token}`);
      return request;
    },
  };
  client.use(bearer);
  return client;
}

/** The part of an answer that is there when the request was good. */
function good<T>(answer: { data?: T; error?: unknown; response: Response }): T {
  assert.equal(answer.error, undefined);
  assert(answer.data !== undefined, `nothing in an answer ${answer.response.status}`);
  return answer.data;
}

/** The problem of an answer that is one. */
function problem(answer: { error?: Problem }, code: string): Problem {
  assert.equal(answer.error?.code, code);
  return answer.error;
}

async function signIn(email: string, password: string) {
  const signedIn = good(await clientOf().POST("/auth/signin", { body: { email, password } }));
  assert(signedIn.status === "signed_in");
  return clientOf(signedIn.access_token);
}

/** Narrows by the role. */
function contact(user: User): string {
  return user.role === "customer" ? user.phone : user.email;
}

const admin = await signIn(setting("EMAIL"), setting("PASSWORD"));
const [mia, max] = ["mia@example.com", "max@example.com"];
for (const email of [mia, max]) {
  const manager = good(await admin.POST("/users/", { body: { role: "manager", email, password: "staple battery horse" } }));
  assert.equal(contact(manager), email);
}
const [asMia, asMax] = [await signIn(mia, "staple battery horse"), await signIn(max, "staple battery horse")];

const entered = await asMia.POST("/users/", {
  body: { role: "customer", phone: "+998 90 123-45-67", display_name: "Bob", metadata: { tier: "gold" } },
  params: { header: { "Idempotency-Key": crypto.randomUUID() } },
});
const bob = good(entered);
assert.equal(contact(bob), "+998901234567");
assert.equal(entered.response.headers.get("Location")?.endsWith(bob.id), true);

const own = good(await asMia.GET("/users/managed-customers/", { params: { query: { limit: 10, q: "bo" } } }));
assert.deepEqual(own.items.map((user) => user.id), [bob.id]);
assert.deepEqual(good(await asMax.GET("/users/managed-customers/")).items, []);

const path = { id: bob.id };
problem(await asMax.GET("/users/{id}", { params: { path } }), "not_found");
const stale = await asMia.PATCH("/users/{id}", {
  params: { path, header: { "If-Match": '"0"' } },
  body: { display_name: "Robert" },
});
problem(stale, "precondition_failed");
const etag = entered.response.headers.get("ETag");
assert(etag);
const changed = await asMia.PATCH("/users/{id}", {
  params: { path, header: { "If-Match": etag } },
  body: { display_name: "Robert" },
});
assert.equal(good(changed).display_name, "Robert");
const wrong = await asMia.POST("/users/", { body: { role: "customer", phone: "no phone" } });
assert.equal(problem(wrong, "validation_failed").errors?.[0]?.pointer, "/phone");
problem(await clientOf().GET("/users/me"), "invalid_token");

console.log("typescript: the walk is done");
