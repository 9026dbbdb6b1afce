// What the OpenAPI document says of values: their shape in words, and an example that fits.

import { byFormat, byName, id } from "./docs-samples.js";

/** follow gives the schema a reference stands for; what stands beside the reference wins. */
export function follow(doc, schema) {
  if (!schema?.$ref) return schema ?? {};
  const { $ref, ...beside } = schema;
  const target = $ref.slice(2).split("/").reduce((at, part) => at[part.replaceAll("~1", "/").replaceAll("~0", "~")], doc);
  return { ...follow(doc, target), ...beside };
}

const types = (schema) => [schema.type ?? []].flat();

export const isObject = (schema) => types(schema).includes("object") || Boolean(schema.properties);
export const isList = (schema) => types(schema).includes("array");

const formats = {
  uuid: "id (UUID)", date: "day (YYYY-MM-DD)", "date-time": "instant (RFC 3339)", binary: "bytes",
};
const words = { string: "text", integer: "whole number", number: "number", boolean: "true or false", object: "object" };

/** kindOf says in words what a value is. */
export function kindOf(doc, schema) {
  schema = follow(doc, schema);
  let kind = "anything";
  if (isList(schema)) kind = listOf(doc, follow(doc, schema.items));
  else if (schema.enum) kind = "one of";
  else if (schema.contentEncoding) kind = schema.contentEncoding;
  else if (schema.format && formats[schema.format]) kind = formats[schema.format];
  else {
    const named = types(schema).filter((type) => type !== "null").map((type) => words[type] ?? type);
    if (named.length) kind = named.join(" or ");
  }
  return types(schema).includes("null") ? `${kind}, or null` : kind;
}

function listOf(doc, items) {
  return items.enum ? "list of" : `list of ${kindOf(doc, items).replace(/^(object|text|whole number|number|day|id|instant)/, "$1s")}`;
}

const count = (n) => n.toLocaleString("en");
const range = (low, high, unit) => {
  if (low !== undefined && high !== undefined) return low === high ? `${count(low)}${unit}` : `${count(low)} to ${count(high)}${unit}`;
  if (low) return `at least ${count(low)}${unit}`;
  return high === undefined ? "" : `at most ${count(high)}${unit}`;
};

/** limitsOf lists what a value must keep to. */
export function limitsOf(doc, schema) {
  schema = follow(doc, schema);
  return [
    range(schema.minLength, schema.maxLength, " characters"),
    range(schema.minimum, schema.maximum, ""),
    range(schema.minItems, schema.maxItems, " entries"),
    schema.uniqueItems ? "each once" : "",
    schema.pattern ? `matches ${schema.pattern}` : "",
    schema.default === undefined ? "" : `${JSON.stringify(schema.default)} when left out`,
  ].filter(Boolean);
}

/** uuid7 is a fresh id: 48 bits of time, then chance (RFC 9562, section 5.7). */
export function uuid7(now = Date.now(), bytes = crypto.getRandomValues(new Uint8Array(16))) {
  for (let i = 5; i >= 0; i--, now = Math.floor(now / 256)) bytes[i] = now % 256;
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/**
 * exampleOf makes a value that fits the schema. only = "required" leaves out what may be left out; known gives values by
 * field that are better than made-up ones.
 */
export function exampleOf(doc, schema, { only = "all", known = {} } = {}, name = "", within = "", above = []) {
  const owner = schema?.$ref?.split("/").pop() ?? within;
  if (schema?.$ref && above.includes(schema.$ref)) return null;
  const path = schema?.$ref ? [...above, schema.$ref] : above;
  schema = follow(doc, schema);
  if (isObject(schema)) {
    const object = {};
    for (const [key, property] of Object.entries(schema.properties ?? {})) {
      if (only === "all" || schema.required?.includes(key) || key in known) {
        object[key] = exampleOf(doc, property, { only, known }, key, owner, path);
      }
    }
    return object;
  }
  if (isList(schema)) {
    const one = exampleOf(doc, schema.items, { only, known }, name.endsWith("_ids") ? name.slice(0, -1) : name, owner, path);
    return one === null ? [] : [one];
  }
  if (name in known) return known[name];
  if (schema.examples?.length) return schema.examples[0];
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  if (types(schema).includes("boolean")) return false;
  const sample = byName[`${owner}.${name}`] ?? byName[name];
  if (types(schema).includes("integer") || types(schema).includes("number")) return typeof sample === "number" ? sample : schema.minimum ?? 1;
  if (!types(schema).includes("string")) return null;
  if (/(^|_)ids?$/.test(name) || name === "targets") return id;
  return (sample ?? byFormat[schema.format] ?? "text").slice(0, schema.maxLength);
}
