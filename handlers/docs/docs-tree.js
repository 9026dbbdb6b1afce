// The shape of a value, drawn as a tree of its fields.

import { el, json, prose } from "./docs-dom.js";
import { exampleOf, follow, isList, isObject, kindOf, limitsOf } from "./docs-schema.js";

const places = { path: "in the path", query: "in the query", header: "a header", cookie: "a cookie" };

/** parameters are rows like those of an object's fields. */
export function parameters(doc, list) {
  return el("ul", { class: "fields" }, list.map((p) => {
    const schema = follow(doc, p.schema);
    return row({ doc, asked: true, above: [] }, p.name, { ...schema, description: p.description ?? schema.description }, p.required, places[p.in]);
  }));
}

/** shape is a value's tree with an example beside it; asked tells a request from an answer. */
export function shape(doc, schema, asked, label) {
  const tree = fields({ doc, asked, above: [schema.$ref] }, schema);
  const kind = !tree || isList(follow(doc, schema)) ? el("p", {}, kindOf(doc, schema)) : null;
  return el("div", { class: "shape" }, el("div", {}, kind, tree),
    el("figure", { class: "example" }, el("figcaption", {}, "Example"), json(exampleOf(doc, schema), label)));
}

/** fields is the tree of an object, or of the objects in a list; null for everything else. */
function fields(at, schema) {
  let full = follow(at.doc, schema);
  while (isList(full)) full = follow(at.doc, full.items);
  if (!isObject(full)) return null;
  const must = (name) => Boolean(full.required?.includes(name));
  const first = ([name]) => (name === "id" ? 0 : must(name) ? 1 : 2);
  const rows = Object.entries(full.properties ?? {}).sort((a, b) => first(a) - first(b)).map(([name, property]) => row(at, name, property, must(name)));
  if (full.additionalProperties?.type) rows.push(row(at, "(any name)", full.additionalProperties, at.asked ? false : true));
  return rows.length ? el("ul", { class: "fields" }, rows) : null;
}

// A request says what is required, an answer what may be absent.
function mark(at, required) {
  if (at.asked) return required ? el("span", { class: "must" }, "required") : null;
  return required ? null : el("span", { class: "absent" }, "may be absent");
}

function row(at, name, schema, required, place) {
  const { doc } = at;
  const full = follow(doc, schema);
  const ref = schema.$ref ?? full.items?.$ref;
  const again = ref && at.above.includes(ref);
  return el("li", {},
    el("div", { class: "field" }, el("code", { class: "name" }, name), el("span", { class: "kind" }, kindOf(doc, schema), choices(doc, full)),
      [place, ...limitsOf(doc, schema)].filter(Boolean).map((limit) => el("span", { class: "limit" }, limit)), mark(at, required)),
    full.description ? el("p", {}, prose(full.description)) : null,
    again ? el("p", {}, "The same again.") : fields({ ...at, above: [...at.above, ref] }, schema));
}

function choices(doc, schema) {
  const values = schema.enum ?? follow(doc, schema.items).enum ?? [];
  return values.flatMap((value, i) => [i ? ", " : " ", el("code", {}, String(value))]);
}
