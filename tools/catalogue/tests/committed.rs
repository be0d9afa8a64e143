//! The committed catalogue is what this tool derives from the description, where that is at hand.

use std::path::PathBuf;
use std::{env, fs};

use kinde_catalogue::derive;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// The description: not part of the project.
fn description() -> Option<PathBuf> {
    let beside = PathBuf::from(ROOT).join("../shared/kinde-management-api.yaml");
    let named = env::var_os("KINDE_OPENAPI").map(PathBuf::from);
    named.or_else(|| Some(beside).filter(|path| path.exists()))
}

#[test]
fn the_committed_catalogue_is_up_to_date() {
    let Some(description) = description() else {
        eprintln!("skipped: KINDE_OPENAPI names no description");
        return;
    };
    let derived = derive(&fs::read_to_string(description).unwrap()).unwrap();
    for (path, derived) in [
        (
            "src/api/catalogue/management.txt",
            derived.catalogue.to_string(),
        ),
        (
            "emulator/src/catalogue/answers.txt",
            derived.answers.to_string(),
        ),
    ] {
        let committed = fs::read_to_string(PathBuf::from(ROOT).join(path)).unwrap();
        let again = "run: cargo run -p kinde-catalogue -- <the description>";
        assert!(derived == committed, "{path} is out of date; {again}");
    }
}

const PETS: &str = r##"
openapi: 3.0.0
paths:
  /pets/{pet_id}:
    parameters:
      - $ref: '#/components/parameters/pet_id'
    patch:
      operationId: UpdatePETs
      tags: [Small Pets]
      description: |
        A sentence that no catalogue holds, with <code>update:pets</code> in it.
      deprecated: true
      parameters:
        - { name: tags, in: query, schema: { type: array, items: { type: string } } }
        - { name: X-Trace, in: header, schema: { type: string } }
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [mode]
              properties:
                mode: { type: string, enum: [off, on] }
                owners:
                  type: array
                  items: { type: object, properties: { id: { type: string, nullable: true, deprecated: true } } }
                limits: { type: object, additionalProperties: { type: integer } }
                weight: { type: number, minimum: 1 }
      responses:
        "200": { content: { application/json: { schema: { $ref: '#/components/schemas/pets_response' } } } }
  /pets:
    post:
      operationId: createPET
      tags: [Small Pets]
      x-scope: create:pets
      responses:
        "400": { content: { application/json: { schema: { type: string } } } }
        "201":
          content:
            application/json:
              schema:
                allOf:
                  - $ref: '#/components/schemas/pet'
                  - { type: object, properties: { mode: { type: string } } }
    get:
      operationId: getPets
      tags: [Small Pets]
      x-scope: read:pets
      parameters:
        - { name: next_token, in: query, schema: { type: string } }
      responses:
        "200": { content: { application/json: { schema: { $ref: '#/components/schemas/pets_response' } } } }
components:
  parameters:
    pet_id: { name: pet_id, in: path, required: true, schema: { type: string } }
  schemas:
    pet: { type: object, properties: { id: { type: string } } }
    pets_response:
      type: object
      properties:
        code: { type: string }
        pets: { type: array, items: { type: object } }
        next_token: { type: string }
"##;

#[test]
fn facts_are_derived_and_what_is_left_out_is_reported() {
    let derived = derive(PETS).unwrap();
    let expected = "\
# The Management API. Made by kinde-catalogue, not edited by hand.
api management

group small_pets
op create_pet POST /pets
  scope create:pets
op get_pets GET /pets
  scope read:pets
  query next_token string
  list pets
  pages token
  answer PetsResponse
op update_pets PATCH /pets/{pet_id}
  deprecated
  scope update:pets
  path pet_id! string
  query tags [string]
  json! UpdatePETsRequest
  list pets
  answer PetsResponse

model UpdatePETsRequest
  mode! string(off|on)
  owners [UpdatePETsRequestOwnersInner]
  limits {integer}
  weight number
model UpdatePETsRequestOwnersInner
  id string? deprecated
";
    assert_eq!(derived.catalogue.to_string(), expected);
    let answers = "\
# What the Management API answers. Made by kinde-catalogue, not edited by hand.

answer create_pet 201 CreatePET201Response
answer get_pets 200 PetsResponse
answer update_pets 200 PetsResponse

model CreatePET201Response
  id string
  mode string
model PetsResponse
  code string
  pets [object]
  next_token string
";
    assert_eq!(derived.answers.to_string(), answers);
    assert_eq!(
        derived.unexpressed,
        [
            "PATCH /pets/{pet_id}: parameter X-Trace in header",
            "PATCH /pets/{pet_id} weight: keyword minimum",
            "PATCH /pets/{pet_id}: an answer that may have more, but no cursor to ask with",
        ]
    );
}

#[test]
fn a_name_for_two_models_is_reported() {
    let two = PETS.replace(
        "limits: { type: object, additionalProperties: { type: integer } }",
        "owners_inner: { type: object, properties: { key: { type: string } } }",
    );
    let derived = derive(&two).unwrap();
    let place = "PATCH /pets/{pet_id} owners_inner";
    let expected = format!("{place}: a second model UpdatePETsRequestOwnersInner");
    assert!(derived.unexpressed.contains(&expected), "{derived:?}");
}

#[test]
fn what_is_no_description_is_refused() {
    for text in [
        "",
        "a: [",
        "openapi: 3.0.0",
        "paths: { /a: { get: { tags: [A] } } }",
    ] {
        assert!(derive(text).is_err(), "{text}");
    }
}
