// Judges requests by an OpenAPI description, with a validator that nobody here wrote (express-openapi-validator):
//
//   described.mjs DESCRIPTION
//
// Answers 204 to a request that fits the description and 422 with {"faults": [...]} to one that does not. Prints one JSON line
// with its URL when it is ready; ends when its standard input closes.

import { readFileSync } from "node:fs";
import express from "express";
import validator from "express-openapi-validator";
import { load } from "js-yaml";

const description = load(readFileSync(process.argv[2], "utf8"));

// What a body may hold is all that it names: a misspelt member is a fault, too.
function close(schema) {
  if (schema === null || typeof schema !== "object") {
    return;
  }
  if (schema.properties && schema.additionalProperties === undefined) {
    schema.additionalProperties = false;
  }
  // Its choices include one another, so that what fits one mostly fits another too.
  if (schema.oneOf) {
    schema.anyOf = schema.oneOf;
    delete schema.oneOf;
  }
  Object.values(schema).forEach(close);
}
for (const path of Object.values(description.paths)) {
  for (const operation of Object.values(path)) {
    close(operation.requestBody);
  }
}
description.servers = [{ url: "/" }];

const app = express();
app.set("query parser", "extended");
app.use(express.json());
app.use(
  validator.middleware({
    apiSpec: description,
    // The description is taken as it is.
    validateApiSpec: false,
    validateResponses: false,
  }),
);
app.use((request, response) => response.status(204).end());
app.use((error, request, response, next) => {
  const faults = error.errors ?? [{ message: String(error.stack) }];
  response.status(422).json({ faults });
});

const server = app.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` }));
});
process.stdin.resume().on("end", () => process.exit(0));
