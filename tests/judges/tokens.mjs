// Tokens minted and key sets published by a foreign library (jose) and by Node's OpenSSL, each with jose's own verdict.
// Serves every key set under its own address on a free port of the loopback interface. Prints one JSON line with the
// cases when it is ready; ends when its standard input closes.

import { createPublicKey, createSign, generateKeyPairSync, sign as signBytes, constants } from "node:crypto";
import { createServer } from "node:http";
import {
  CompactEncrypt,
  SignJWT,
  UnsecuredJWT,
  createLocalJWKSet,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  jwtVerify,
} from "jose";

const now = Math.floor(Date.now() / 1000);
const base64url = (bytes) => Buffer.from(bytes).toString("base64url");

const server = createServer((request, response) => {
  const set = keySets.get(request.url);
  response.writeHead(set ? 200 : 404, { "content-type": "application/json" });
  response.end(JSON.stringify(set ?? {}));
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const url = `http://127.0.0.1:${server.address().port}`;

const keySets = new Map();
const cases = [];

function publish(...keys) {
  const path = `/keys/${keySets.size}`;
  keySets.set(path, { keys });
  return path;
}

async function add(name, token, jwks, algorithms) {
  let verdict;
  try {
    const { payload } = await jwtVerify(token, createLocalJWKSet(keySets.get(jwks)), {
      algorithms,
      issuer: url,
      clockTolerance: 60,
    });
    verdict = { accepted: true, claims: payload };
  } catch (error) {
    verdict = { accepted: false, reason: error.code ?? error.name };
  }
  cases.push({ name, token, jwks_url: url + jwks, algorithms, ...verdict });
}

function claims(more = {}) {
  return {
    iss: url,
    sub: "kp_0123456789abcdef0123456789abcdef",
    aud: [],
    azp: "judged",
    iat: now,
    exp: now + 3600,
    jti: "00000000-0000-4000-8000-000000000000",
    scp: ["openid", "read:orders"],
    ...more,
  };
}

async function keyPair(alg, kid, options = {}) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true, ...options });
  return { privateKey, publicKey, alg, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } };
}

const sign = (key, payload = claims(), header = {}) =>
  new SignJWT(payload).setProtectedHeader({ alg: key.alg, kid: key.jwk.kid, typ: "JWT", ...header }).sign(key.privateKey);

// Signs any texts as header and payload, also those that no library would write.
function signTexts(privateKey, header, payload) {
  const input = `${base64url(header)}.${base64url(payload)}`;
  return `${input}.${base64url(createSign("sha256").update(input).sign(privateKey))}`;
}

const rsa = await keyPair("RS256", "rsa");
const other = await keyPair("RS256", "other");
const ec = await keyPair("ES256", "ec");
const published = publish(rsa.jwk);
const RS256 = ["RS256"];
const header = JSON.stringify({ alg: "RS256", kid: "rsa", typ: "JWT" });
const signRsa = (payload, withHeader = header) => signTexts(rsa.privateKey, withHeader, payload);

// Every algorithm that can be configured.

for (const alg of ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]) {
  const key = await keyPair(alg, `of-${alg}`);
  const set = publish(key.jwk);
  const token = await sign(key);
  await add(`signed with ${alg}`, token, set, [alg]);
  await add(`signed with ${alg}, which is not allowed`, token, set, alg === "RS256" ? ["ES256"] : RS256);
  const [head, , signature] = token.split(".");
  await add(`signed with ${alg}, other claims`, `${head}.${base64url(JSON.stringify(claims({ sub: "kp_x" })))}.${signature}`, set, [alg]);
}
const large = await keyPair("RS256", "large", { modulusLength: 4096 });
await add("a key of 4096 bits", await sign(large), publish(large.jwk), RS256);

// Which key.

const { kid: _, ...nameless } = rsa.jwk;
const { alg: __, ...withoutAlg } = rsa.jwk;
const { use: ___, ...withoutUse } = rsa.jwk;
const withoutKid = await new SignJWT(claims()).setProtectedHeader({ alg: "RS256" }).sign(rsa.privateKey);
await add("a key among others", await sign(rsa), publish(other.jwk, ec.jwk, rsa.jwk), RS256);
await add("a key without alg", await sign(rsa), publish(withoutAlg), RS256);
await add("a key without use", await sign(rsa), publish(withoutUse), RS256);
await add("a kid that nobody has", await sign(rsa, claims(), { kid: "nobody" }), published, RS256);
await add("the kid of another key", await sign(rsa, claims(), { kid: "other" }), publish(rsa.jwk, other.jwk), RS256);
await add("no kid and one key", withoutKid, published, RS256);
await add("no kid and one key that fits", withoutKid, publish(ec.jwk, rsa.jwk), RS256);
await add("no kid and two keys that fit", withoutKid, publish(rsa.jwk, other.jwk), RS256);
await add("no kid and a nameless key", withoutKid, publish(nameless), RS256);
await add("a kid and a nameless key", await sign(rsa), publish(nameless), RS256);
await add("the same kid on keys of two kinds", await sign(rsa), publish({ ...ec.jwk, kid: "rsa" }, rsa.jwk), RS256);
await add("an empty key set", await sign(rsa), publish(), RS256);
await add("odd members beside the key", await sign(rsa), publish({ kty: "oct", kid: "rsa", k: "c2VjcmV0" }, { kty: "new" }, rsa.jwk), RS256);

// Keys that must not be used.

const small = generateKeyPairSync("rsa", { modulusLength: 1024 });
const smallJwk = { ...small.publicKey.export({ format: "jwk" }), kid: "rsa", alg: "RS256", use: "sig" };
await add("a key of 1024 bits", signTexts(small.privateKey, header, JSON.stringify(claims())), publish(smallJwk), RS256);
await add("a key for encryption", await sign(rsa), publish({ ...rsa.jwk, use: "enc" }), RS256);
await add("a key whose operations are others", await sign(rsa), publish({ ...withoutUse, key_ops: ["encrypt"] }), RS256);
await add("a key for another algorithm", await sign(rsa), publish({ ...rsa.jwk, alg: "RS512" }), RS256);
await add("a key of another kind", await sign(rsa), publish({ ...ec.jwk, kid: "rsa", alg: "RS256" }), RS256);
await add("a symmetric key", await new SignJWT(claims()).setProtectedHeader({ alg: "HS256", kid: "rsa" }).sign(Buffer.from("k".repeat(32))),
  publish({ kty: "oct", kid: "rsa", alg: "HS256", use: "sig", k: base64url("k".repeat(32)) }), RS256);
await add("a foreign key under a known kid", await sign(other, claims(), { kid: "rsa" }), published, RS256);

// Headers that try to choose.

const pem = await exportSPKI(rsa.publicKey);
for (const [what, secret] of [
  ["public key's PEM", pem],
  ["public key's PEM without its last line end", pem.trimEnd()],
  ["public key's DER", createPublicKey(pem).export({ type: "spki", format: "der" })],
  ["modulus", Buffer.from(rsa.jwk.n, "base64url")],
  ["JWK", JSON.stringify(rsa.jwk)],
]) {
  const token = await new SignJWT(claims()).setProtectedHeader({ alg: "HS256", kid: "rsa" }).sign(Buffer.from(secret));
  await add(`HS256 with the ${what} as secret`, token, published, RS256);
}
const unsecured = new UnsecuredJWT(claims()).encode();
await add("alg none", unsecured, published, RS256);
await add("alg none with a signature", unsecured + (await sign(rsa)).split(".")[2], published, RS256);
for (const alg of ["None", "NONE", "nOnE", "", "rs256", "RS256 ", "RS1"]) {
  await add(`alg ${JSON.stringify(alg)}`, signRsa(JSON.stringify(claims()), JSON.stringify({ alg, kid: "rsa" })), published, RS256);
}
await add("no alg", signRsa(JSON.stringify(claims()), '{"kid":"rsa"}'), published, RS256);
await add("alg a list", signRsa(JSON.stringify(claims()), '{"alg":["RS256"],"kid":"rsa"}'), published, RS256);
const evil = {
  jwk: other.jwk,
  jku: url + publish(other.jwk),
  x5u: `${url}/evil.pem`,
  x5c: [base64url("certificate")],
};
for (const [name, value] of Object.entries(evil)) {
  const token = await sign(other, claims(), { [name]: value });
  await add(`${name} of a foreign key`, token, published, RS256);
  await add(`${name} of a foreign key under a known kid`, await sign(other, claims(), { [name]: value, kid: "rsa" }), published, RS256);
  await add(`${name} beside a good signature`, signRsa(JSON.stringify(claims()), JSON.stringify({ alg: "RS256", kid: "rsa", [name]: value })), published, RS256);
}
for (const [name, more] of Object.entries({
  "an unknown crit": { crit: ["policy"], policy: "strict" },
  "crit of a member that is missing": { crit: ["policy"] },
  "an empty crit": { crit: [] },
  "crit that is a text": { crit: "exp" },
  "crit with b64 false": { crit: ["b64"], b64: false },
  "crit with b64 true": { crit: ["b64"], b64: true },
})) {
  await add(name, signRsa(JSON.stringify(claims()), JSON.stringify({ alg: "RS256", kid: "rsa", ...more })), published, RS256);
}
const withoutEncoding = `${base64url('{"alg":"RS256","kid":"rsa","b64":false,"crit":["b64"]}')}.{"sub":"x"}`;
await add("an unencoded payload", `${withoutEncoding}.${base64url(createSign("sha256").update(withoutEncoding).sign(rsa.privateKey))}`, published, RS256);
const encrypted = await new CompactEncrypt(Buffer.from(JSON.stringify(claims()))).setProtectedHeader({ alg: "RSA-OAEP-256", enc: "A256GCM", kid: "rsa" }).encrypt(
  (await generateKeyPair("RSA-OAEP-256", { extractable: true })).publicKey);
await add("an encrypted token", encrypted, published, RS256);

// Signatures.

const good = await sign(rsa);
const [head, body, signature] = good.split(".");
const flipped = Buffer.from(signature, "base64url");
flipped[0] ^= 1;
await add("one bit of the signature flipped", `${head}.${body}.${base64url(flipped)}`, published, RS256);
await add("no signature", `${head}.${body}.`, published, RS256);
await add("a signature too short", `${head}.${body}.${base64url(flipped.subarray(1))}`, published, RS256);
await add("a signature too long", `${head}.${body}.${base64url(Buffer.concat([Buffer.from(signature, "base64url"), Buffer.from([0])]))}`, published, RS256);
await add("a signature of zeros", `${head}.${body}.${base64url(Buffer.alloc(256))}`, published, RS256);
const pss = signBytes("sha256", Buffer.from(`${head}.${body}`), { key: rsa.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING });
await add("a PSS signature under RS256", `${head}.${body}.${base64url(pss)}`, published, RS256);
const ecHead = base64url(JSON.stringify({ alg: "ES256", kid: "ec" }));
const der = createSign("sha256").update(`${ecHead}.${body}`).sign({ key: ec.privateKey, dsaEncoding: "der" });
await add("an ES256 signature in DER", `${ecHead}.${body}.${base64url(der)}`, publish(ec.jwk), ["ES256"]);
await add("an ES256 signature of zeros", `${ecHead}.${body}.${base64url(Buffer.alloc(64))}`, publish(ec.jwk), ["ES256"]);
const p384 = await keyPair("ES384", "p384");
await add("ES256 with a P-384 key", `${base64url('{"alg":"ES256","kid":"p384"}')}.${body}.${base64url(
  createSign("sha256").update(`${base64url('{"alg":"ES256","kid":"p384"}')}.${body}`).sign({ key: p384.privateKey, dsaEncoding: "ieee-p1363" }))}`,
  publish({ ...p384.jwk, alg: undefined }), ["ES256"]);

// Texts.

for (const [name, token] of Object.entries({
  "nothing": "",
  "one part": head,
  "two parts": `${head}.${body}`,
  "four parts": `${good}.${head}`,
  "padding": `${head}=.${body}.${signature}`,
  "padding of the signature": `${good}==`,
  "a space before": ` ${good}`,
  "a line end after": `${good}\n`,
  "a line end inside": `${head}\n.${body}.${signature}`,
  "the alphabet of plain base64": good.replace(/-/g, "+").replace(/_/g, "/"),
  "a header that is no object": signRsa(JSON.stringify(claims()), '["RS256"]'),
  "a header that is no JSON": signRsa(JSON.stringify(claims()), "{alg:RS256}"),
})) {
  await add(name, token, published, RS256);
}

// Forms of JSON that a payload may have.

const text = (exp, more = "") => `{"iss":${JSON.stringify(url)},"sub":"kp_1","aud":[],"scp":["openid"],"iat":${now},"exp":${exp}${more}}`;
for (const [name, payload] of Object.entries({
  "exp in exponent form": text(`${(now + 3600) / 1e9}e+09`),
  "exp with a fraction": text(`${now + 3600}.75`),
  "exp with a capital exponent": text(`${now + 3600}E0`),
  "exp far away": text("9007199254740991"),
  "exp that is a text": text(`"${now + 3600}"`),
  "exp null": text("null"),
  "exp in the past": text(now - 3600),
  "exp in the past in exponent form": text("1.5e9"),
  "nbf in the future": text(now + 3600, `,"nbf":${now + 1800}`),
  "nbf that is a text": text(now + 3600, `,"nbf":"${now}"`),
  "names written with escapes": text(now + 3600).replace('"exp"', '"\\u0065xp"').replace('"sub"', '"s\\u0075b"'),
  "values written with escapes": text(now + 3600, ',"name":"\\u0041da \\ud83d\\ude00 \\"quoted\\" \\\\ \\/ \\n"'),
  "names in other scripts": text(now + 3600, ',"имя":"Ада","名前":["エイダ"],"":""'),
  "numbers beyond 64 bits": text(now + 3600, ',"big":123456789012345678901234567890,"tiny":-1e-300,"zero":-0'),
  "exponent updated_at": text(now + 3600, ',"updated_at":1.685462653e+09,"address":{}'),
  "white space everywhere": ` \r\n\t${JSON.stringify(JSON.parse(text(now + 3600)), null, "\t ")}\n `,
  "a deep member": text(now + 3600, `,"deep":${"[".repeat(60)}${"]".repeat(60)}`),
  "a member named __proto__": text(now + 3600, ',"__proto__":{"exp":1},"constructor":1'),
  "another issuer": text(now + 3600).replace(JSON.stringify(url), '"https://elsewhere.example"'),
  "an issuer with a slash behind": text(now + 3600).replace(JSON.stringify(url), JSON.stringify(`${url}/`)),
  "an issuer that is a list": text(now + 3600).replace(JSON.stringify(url), JSON.stringify([url])),
  "a payload that is a list": "[]",
  "a payload that is a text": '"text"',
  "a payload that is nothing": "",
  "a payload that goes on": `${text(now + 3600)}{}`,
  "a comma too many": text(now + 3600, ","),
})) {
  await add(name, signRsa(payload), published, RS256);
}
await add("a payload that is not UTF-8", signRsa(Buffer.concat([Buffer.from(text(now + 3600, ',"name":"').slice(0, -1)), Buffer.from([0xff, 0xfe]), Buffer.from('"}')])), published, RS256);

console.log(JSON.stringify({ url, cases }));
process.stdin.resume().on("end", () => process.exit(0));
