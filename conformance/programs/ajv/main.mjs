// ajv, set to judge as Helm 4 does: formats are asserted up to draft 7, those it doesn't know are ignored, patterns are RE2's; or, as an
// editor does, ECMAScript's.
//
// stdin:  a line of JSON for each question: {"id", "load": key, "schema", "ecma"} or {"id", "ask": key, "document"}
// stdout: a line of JSON for each: {"id", "accepted", "messages": [text]}, or {"id", "error": text}; a schema that can't be used
//         isn't accepted
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';
import Ajv from 'ajv';
import Ajv2019 from 'ajv/dist/2019.js';
import Ajv2020 from 'ajv/dist/2020.js';
import Ajv04 from 'ajv-draft-04';
import addFormats from 'ajv-formats';
import { RE2JS } from 're2js';

const draft06 = createRequire(import.meta.url)('ajv/dist/refs/json-schema-draft-06.json');

// What is only a word in JSON Schema, in all drafts that the class is for, but something else to ajv.
const DRAFTS = [
  { uri: 'json-schema.org/draft-04/', make: Ajv04, formats: true, refAlone: true, strange: ['nullable'] },
  { uri: 'json-schema.org/draft-06/', make: Ajv, formats: true, refAlone: true, strange: ['nullable', 'id'], meta: draft06 },
  { uri: 'json-schema.org/draft-07/', make: Ajv, formats: true, refAlone: true, strange: ['nullable', 'id'] },
  { uri: 'json-schema.org/draft/2019-09/', make: Ajv2019, formats: false, refAlone: false, strange: ['nullable', 'id'] },
  { uri: 'json-schema.org/draft/2020-12/', make: Ajv2020, formats: false, refAlone: false, strange: ['nullable', 'id'] },
];

// ajv takes expressions of the same text for the same.
const re2 = pattern => {
  const compiled = RE2JS.compile(pattern);
  return { test: text => compiled.test(text), toString: () => pattern };
};
re2.code = 're2';

// What holds no schema, several in a list, and several by name. References may lead into words that no draft knows.
const many = ['allOf', 'anyOf', 'items', 'oneOf', 'prefixItems'];
const data = ['const', 'default', 'enum', 'examples'];
const named = ['$defs', 'definitions', 'dependencies', 'dependentSchemas', 'patternProperties', 'properties'];

const isObject = value => value !== null && typeof value === 'object' && !Array.isArray(value);
const each = (members, change) => Object.fromEntries(Object.entries(members).map(([key, value]) => [key, change(value)]));

/** The schema without words that mean something to ajv only. */
const without = (strange, schema) => {
  if (!isObject(schema)) return schema;
  const inner = value => without(strange, value);
  const kept = Object.entries(schema).filter(([key]) => !strange.includes(key)).map(([key, value]) => {
    if (many.includes(key) && Array.isArray(value)) return [key, value.map(inner)];
    if (named.includes(key) && isObject(value)) return [key, each(value, inner)];
    return [key, data.includes(key) ? value : inner(value)];
  });
  return Object.fromEntries(kept);
};

const compile = (schema, ecma) => {
  const said = isObject(schema) ? String(schema.$schema ?? '') : '';
  const draft = DRAFTS.find(({ uri }) => said.includes(uri)) ?? DRAFTS.at(-1);
  const ajv = new draft.make({
    allErrors: true,
    ...(ecma ? {} : { code: { regExp: re2 } }),
    ignoreKeywordsWithRef: draft.refAlone,
    logger: false,
    multipleOfPrecision: 9,
    strict: false,
    validateFormats: draft.formats,
  });
  if (draft.meta) ajv.addMetaSchema(draft.meta);
  if (draft.formats) addFormats(ajv);
  return ajv.compile(without(draft.strange, schema));
};

const words = ({ instancePath, message, params }) => {
  const about = Object.values(params ?? {}).filter(value => typeof value === 'string' && !message.includes(value));
  return `${instancePath || '(root)'}: ${[message, ...about].join(' ')}`;
};

const schemas = new Map();

const said = error => String(error?.message ?? error);

const taken = (key, schema, ecma) => {
  try {
    schemas.set(key, compile(schema, ecma));
    return { accepted: true, messages: [] };
  } catch (error) {
    return { accepted: false, messages: [said(error)] };
  }
};

const judged = (key, document) => {
  try {
    const judge = schemas.get(key);
    const accepted = judge(document);
    return { accepted, messages: accepted ? [] : judge.errors.map(words) };
  } catch (error) {
    return { error: said(error) };
  }
};

for await (const line of createInterface({ input: process.stdin })) {
  if (!line.trim()) continue;
  const { id, load, ask, schema, ecma, document } = JSON.parse(line);
  const answer = load === undefined ? judged(ask, document) : taken(load, schema, ecma);
  process.stdout.write(JSON.stringify({ id, ...answer }) + '\n');
}
