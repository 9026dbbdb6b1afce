// The form that tries an operation on this server, and what came back.

import { el, facts, json } from "./docs-dom.js";
import { exampleOf, follow, kindOf, uuid7 } from "./docs-schema.js";
import { who } from "./docs-who.js";

const shown = ["Content-Type", "Content-Disposition", "ETag", "Cache-Control", "Retry-After", "X-Request-Id"];

/** tryIt is the form of one operation. */
export function tryIt(doc, op) {
  const parameters = (op.parameters ?? []).filter((p) => p.name !== "Content-Type").map((p) => parameter(doc, op, p));
  const body = op.requestBody && bodyOf(doc, op);
  const result = el("div", { class: "result", "aria-live": "polite" });
  const send = el("button", { class: "primary" }, "Send");
  const form = el("form", { class: "try" }, el("h4", {}, "Try it"),
    el("p", { class: "hint" }, op.method === "get" ? "On this server, as whoever is signed in above." :
      "On this server, as whoever is signed in above. It really happens."),
    parameters.length ? el("div", { class: "inputs" }, parameters.map((p) => p.node)) : null,
    body?.node, el("div", { class: "buttons" }, send), result);

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    send.disabled = true;
    try {
      const request = requestOf(op, parameters, body);
      const began = performance.now();
      const answer = await fetch(request.url, request);
      const received = await answer.blob();
      const took = Math.round(performance.now() - began);
      const content = await read(answer, received);
      result.replaceChildren(...describe(answer, received, took, content), again(form, parameters, content.value), curl(request));
      if (op.path === "/api/v1/session" && answer.ok) await follows(op.method, content.value);
    } catch (error) {
      result.replaceChildren(el("p", { class: "wrong" }, error.message));
    } finally {
      send.disabled = false;
    }
  });
  return form;
}

/** follows keeps the box above right when the session itself was tried. */
async function follows(method, me) {
  if (who.token) return;
  who.me = method === "delete" ? null : me;
  who.changed();
}

function parameter(doc, op, p) {
  const id = `${op.operationId}.${p.name}`;
  const schema = follow(doc, p.schema);
  const options = schema.enum ?? (schema.type === "boolean" ? [true, false] : null);
  const props = { id, name: p.name, required: Boolean(p.required) };
  const input = options
    ? el("select", props, el("option", { value: "" }, schema.default === undefined ? "" : `${schema.default} (when left out)`), options.map((o) => el("option", {}, String(o))))
    : el("input", { ...props, autocomplete: "off", spellcheck: false, maxLength: schema.maxLength ?? 5000,
      placeholder: schema.default === undefined ? "" : String(schema.default),
      ...(schema.type === "integer" ? { type: "number", min: schema.minimum ?? "", max: schema.maximum ?? "" } : {}),
      ...(schema.format === "date" ? { type: "date" } : {}) });
  const fill = () => { if (p.name === "kita_id" && !input.value) input.value = who.kita; };
  fill();
  who.addEventListener("change", fill);
  const small = [options ? "" : kindOf(doc, schema), p.required ? "required" : ""].filter(Boolean).join(", ");
  return { ...p, input, node: el("div", {}, el("label", { htmlFor: id }, p.name, " ", el("small", {}, small)), input) };
}

function bodyOf(doc, op) {
  const [mediaType, { schema }] = Object.entries(op.requestBody.content)[0];
  const id = `${op.operationId}.body`;
  if (mediaType !== "application/json") {
    const input = el("input", { id, type: "file", required: true });
    return { mediaType, value: () => input.files[0], node: el("div", { class: "body" }, el("label", { htmlFor: id }, "File"), input) };
  }
  const text = el("textarea", { id, spellcheck: false, autocapitalize: "none", autocomplete: "off" });
  const fill = (only) => {
    const known = who.kita ? { kita_id: who.kita } : {};
    const value = exampleOf(doc, schema, { only, known: "kita_id" in (follow(doc, schema).properties ?? {}) ? known : {} });
    const id = follow(doc, schema).properties?.id ? { id: uuid7() } : {};
    text.value = JSON.stringify({ ...id, ...value, ...id }, null, 2);
    text.rows = Math.min(24, text.value.split("\n").length + 1);
  };
  const optional = Object.keys(follow(doc, schema).properties ?? {}).length > (follow(doc, schema).required ?? []).length;
  const start = follow(doc, schema).required ? "required" : "all";
  fill(start);
  let untouched = true;
  text.addEventListener("input", () => { untouched = false; });
  who.addEventListener("change", () => { if (untouched) fill(start); });
  const button = (only, label) => el("button", { type: "button", class: "quiet", onclick: () => fill(only) }, label);
  return { mediaType, value: () => text.value, node: el("div", { class: "body" }, el("div", { class: "row" },
    el("label", { htmlFor: id }, "Body"),
    optional ? el("div", { class: "buttons" }, button("required", "Only what is required"), button("all", "All fields")) : null), text) };
}

function requestOf(op, parameters, body) {
  let { path } = op;
  const query = new URLSearchParams();
  const { headers, credentials } = who.request();
  for (const p of parameters) {
    const value = p.input.value;
    if (p.in === "path") path = path.replace(`{${p.name}}`, encodeURIComponent(value));
    else if (value !== "" && p.in === "query") query.set(p.name, value);
    else if (value !== "" && p.in === "header") headers[p.name] = value;
  }
  const content = body?.value();
  if (body) headers["Content-Type"] = content instanceof File ? content.type || body.mediaType : body.mediaType;
  return { url: `${location.origin}${path}${query.size ? `?${query}` : ""}`, method: op.method.toUpperCase(), headers, credentials, body: content, cache: "no-store" };
}

async function read(answer, received) {
  const type = answer.headers.get("Content-Type") ?? "";
  if (!received.size) return {};
  if (/\bjson\b/.test(type)) return { value: JSON.parse(await received.text()) };
  if (type.startsWith("text/")) return { text: await received.text() };
  return { file: URL.createObjectURL(received), name: /filename="?([^";]+)/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1] };
}

const size = (bytes) => (bytes < 1000 ? `${bytes} bytes` : `${(bytes / 1000).toFixed(1)} kB`);

function describe(answer, received, took, content) {
  const mood = answer.ok ? "ok" : answer.status < 500 ? "not" : "bad";
  return [
    el("h5", {}, el("span", { class: `status ${mood}` }, `${answer.status} ${answer.statusText}`), ` in ${took} ms, ${size(received.size)}`),
    facts(Object.fromEntries(shown.map((name) => [name, answer.headers.get(name)]))),
    content.value !== undefined ? json(content.value, "The answer") : null,
    content.text ? el("pre", { tabIndex: 0 }, content.text) : null,
    content.file ? el("p", {}, el("a", { href: content.file, download: content.name ?? "answer" }, `Save ${content.name ?? "the answer"}`)) : null,
  ].filter(Boolean);
}

/** again asks for the next page, when there is one. */
function again(form, parameters, value) {
  const after = parameters.find((p) => p.name === "after");
  if (!after || !value?.next) return "";
  return el("p", {}, el("button", { type: "button", onclick: () => { after.input.value = value.next; form.requestSubmit(); } }, "Next page"));
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** curl is the same request for the command line; the token itself stays here. */
function curl({ url, method, headers, body, credentials }) {
  const parts = [`curl ${method === "GET" ? "" : `-X ${method} `}${quoted(url)}`];
  if (credentials === "same-origin") parts.push("-b cookies.txt");
  for (const [name, value] of Object.entries(headers)) {
    parts.push(name === "Authorization" ? '-H "Authorization: Bearer $TOKEN"' : `-H ${quoted(`${name}: ${value}`)}`);
  }
  if (body instanceof File) parts.push(`--data-binary @${quoted(body.name)}`);
  else if (body) parts.push(`-d ${quoted(body)}`);
  return el("details", { class: "curl" }, el("summary", {}, "The same with curl"), el("pre", { tabIndex: 0 }, parts.join(" \\\n  ")));
}
