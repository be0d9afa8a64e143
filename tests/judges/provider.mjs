// An OpenID provider of foreign make (oidc-provider) on a free port of the loopback interface. Its sign-in page
// answers by itself. Prints one JSON line when it is ready; ends when its standard input closes.

import { createServer } from "node:http";
import { exportJWK, generateKeyPair } from "jose";
import { Provider } from "oidc-provider";

const REDIRECT_URI = "http://127.0.0.1:1/callback";
const LOGGED_OUT_URI = "http://127.0.0.1:1/logged-out";
const API = "https://api.example.com";

const PEOPLE = {
  ada: { name: "Ada Lovelace", given_name: "Ada", family_name: "Lovelace", email: "ada@example.com" },
  grace: { name: "Grace Hopper", given_name: "Grace", family_name: "Hopper", email: "grace@example.com" },
};

const web = {
  grant_types: ["authorization_code", "refresh_token"],
  redirect_uris: [REDIRECT_URI],
  post_logout_redirect_uris: [LOGGED_OUT_URI],
};
const CLIENTS = [
  { ...web, client_id: "web", client_secret: "secret-of-web", token_endpoint_auth_method: "client_secret_post" },
  // What must be form-encoded before it is base64-encoded (RFC 6749, section 2.3.1).
  {
    ...web,
    client_id: "web:basic",
    client_secret: "a b+c:d/e%2F&f=g?",
    token_endpoint_auth_method: "client_secret_basic",
  },
  { ...web, client_id: "spa", token_endpoint_auth_method: "none" },
  {
    client_id: "machine",
    client_secret: "secret-of-machine",
    token_endpoint_auth_method: "client_secret_post",
    grant_types: ["client_credentials"],
    redirect_uris: [],
    response_types: [],
  },
  {
    client_id: "television",
    token_endpoint_auth_method: "none",
    grant_types: ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
    redirect_uris: [],
    response_types: [],
  },
].map((client) => ({ id_token_signed_response_alg: "RS256", ...client }));

async function newKey(kid) {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  return { ...(await exportJWK(privateKey)), kid, use: "sig", alg: "RS256" };
}

// Everyone consents to everything.
async function newGrant(accountId, clientId) {
  const grant = new provider.Grant({ accountId, clientId });
  grant.addOIDCScope("openid offline_access profile email read:orders");
  grant.addResourceScope(API, "read:orders");
  await grant.save();
  return grant;
}

const configuration = {
  clients: CLIENTS,
  claims: {
    openid: ["sub"],
    email: ["email"],
    profile: ["name", "given_name", "family_name"],
  },
  scopes: ["openid", "offline_access", "profile", "email", "read:orders"],
  cookies: { keys: ["not a secret"] },
  async findAccount(_ctx, id) {
    const person = PEOPLE[id];
    return person && { accountId: id, claims: async () => ({ sub: id, ...person }) };
  },
  async loadExistingGrant({ oidc }) {
    const id = oidc.result?.consent?.grantId;
    return id ? provider.Grant.find(id) : newGrant(oidc.session.accountId, oidc.client.clientId);
  },
  async issueRefreshToken(_ctx, client, code) {
    return client.grantTypeAllowed("refresh_token") && code.scopes.has("offline_access");
  },
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  rotateRefreshToken: true,
  ttl: { AccessToken: 3600, IdToken: 3600 },
  features: {
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    revocation: { enabled: true },
    rpInitiatedLogout: { enabled: true },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: async () => true,
      defaultResource: async () => undefined,
      getResourceServerInfo: async () => ({
        scope: "read:orders",
        audience: API,
        accessTokenFormat: "jwt",
        accessTokenTTL: 3600,
        jwt: { sign: { alg: "RS256" } },
      }),
    },
  },
};

let provider;
let keys = [await newKey("first")];
const counts = {};

// Signs with the first key and publishes all. What was issued stays valid: the store is shared.
function install(issuer) {
  provider = new Provider(issuer, { ...configuration, jwks: { keys } });
}

// Answers the pages for signing in and for consent.
async function answerPage(request, response) {
  const { params, prompt, session } = await provider.interactionDetails(request, response);
  const answer =
    prompt.name === "login"
      ? { login: { accountId: params.login_hint in PEOPLE ? params.login_hint : "ada" } }
      : { consent: { grantId: (await newGrant(session.accountId, params.client_id)).jti } };
  await provider.interactionFinished(request, response, answer, { mergeWithLastSubmission: true });
}

function json(response, value) {
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, "http://127.0.0.1");
  counts[pathname] = (counts[pathname] ?? 0) + 1;
  try {
    if (pathname === "/judge/rotate") {
      keys = [await newKey(`rotated-${keys.length}`), ...keys];
      install(provider.issuer);
      json(response, { kid: keys[0].kid });
    } else if (pathname === "/judge/counts") {
      json(response, counts);
    } else if (pathname.startsWith("/liar/")) {
      // Metadata of one issuer under the address of another (OpenID Connect Discovery, section 4.3).
      request.url = request.url.slice("/liar".length);
      provider.callback()(request, response);
    } else if (pathname.startsWith("/interaction/")) {
      await answerPage(request, response);
    } else {
      provider.callback()(request, response);
    }
  } catch (error) {
    response.writeHead(500).end(String(error.stack));
  }
});

server.listen(0, "127.0.0.1", () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  install(url);
  console.log(JSON.stringify({ url, redirect_uri: REDIRECT_URI, logged_out_uri: LOGGED_OUT_URI, api: API }));
});
process.stdin.resume().on("end", () => process.exit(0));
