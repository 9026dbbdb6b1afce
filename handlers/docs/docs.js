// The page to read and try the API: it draws what /api/openapi.json says.

import { el, prose } from "./docs-dom.js";
import { mayShort, operation } from "./docs-operation.js";
import { follow } from "./docs-schema.js";
import { begin } from "./docs-who.js";

const byID = (id) => document.getElementById(id);
const methods = ["get", "post", "put", "patch", "delete"];

/** operationsOf lists every operation by noun, in the document's order of nouns. */
function operationsOf(doc) {
  const nouns = new Map(doc.tags.map(({ name, description }) => [name, { name, description, operations: [] }]));
  for (const [path, item] of Object.entries(doc.paths)) {
    for (const method of methods.filter((m) => m in item)) {
      nouns.get(item[method].tags[0]).operations.push({ ...item[method], path, method });
    }
  }
  return [...nouns.values()].filter((noun) => noun.operations.length);
}

/** wordsOf is all that the filter looks at, the names of fields however deep included. */
function wordsOf(doc, op) {
  const words = [op.method, op.path, op.summary, op.description, op.operationId, mayShort(op), op["x-scope"], op.tags];
  const seen = new Set();
  const collect = (schema) => {
    if (!schema || seen.has(schema.$ref)) return;
    if (schema.$ref) seen.add(schema.$ref);
    const full = follow(doc, schema);
    for (const [name, property] of Object.entries(full.properties ?? {})) {
      words.push(name);
      collect(property);
    }
    if (full.items) collect(full.items);
  };
  for (const p of op.parameters ?? []) words.push(p.name);
  for (const part of [op.requestBody, ...Object.entries(op.responses).filter(([status]) => status < "300").map(([, r]) => r)]) {
    for (const { schema } of Object.values(part?.content ?? {})) collect(schema);
  }
  return words.flat().join(" ").toLowerCase();
}

function draw(doc) {
  byID("version").textContent = doc.info.version;
  byID("about").replaceChildren(...prose(doc.info.description));
  const sections = operationsOf(doc).map((noun) => {
    const lines = noun.operations.map((op) => ({ words: wordsOf(doc, op), node: operation(doc, op) }));
    const node = el("section", { class: "noun", id: noun.name, "aria-labelledby": `${noun.name}.title` },
      el("h2", { id: `${noun.name}.title` }, noun.name), el("p", {}, prose(noun.description)), el("div", { class: "list" }, lines.map((l) => l.node)));
    const number = el("span", {}, String(lines.length));
    const link = el("a", { href: `#${noun.name}` }, noun.name, number);
    return { lines, node, link, number, entry: el("li", {}, link) };
  });
  byID("state").remove();
  byID("operations").append(...sections.map((s) => s.node), el("p", { id: "none", hidden: true }, "Nothing here has all of these words."));
  byID("nouns").replaceChildren(...sections.map((s) => s.entry));
  return sections;
}

/** filterBy shows what has all the words. */
function filterBy(sections, text) {
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  let all = 0;
  for (const section of sections) {
    let here = 0;
    for (const { words, node } of section.lines) {
      node.hidden = !wanted.every((word) => words.includes(word));
      here += node.hidden ? 0 : 1;
    }
    section.node.hidden = section.entry.hidden = here === 0;
    section.number.textContent = String(here);
    found += here;
    all += section.lines.length;
  }
  byID("none").hidden = found > 0;
  byID("count").textContent = wanted.length ? `${found} of ${all} operations` : "";
}

/** reveal opens and shows what the address names. */
function reveal(clear) {
  const node = byID(decodeURIComponent(location.hash.slice(1)));
  if (!node?.matches(".op, .noun")) return;
  if (node.closest("[hidden]")) clear();
  node.scrollIntoView();
  if (!node.matches(".op")) return;
  node.addEventListener("toggle", () => node.scrollIntoView(), { once: true }); // what opens makes the page long enough
  node.open = true;
  node.querySelector("summary").focus({ preventScroll: true });
}

/** watch marks in the contents what is on the screen. */
function watch(sections) {
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      for (const { node, link } of sections) {
        if (node === target) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      }
    }
  }, { rootMargin: "-80px 0px -75% 0px" });
  for (const { node } of sections) observer.observe(node);
}

async function start() {
  const wide = matchMedia("(min-width: 60rem)");
  const fit = () => { byID("contents").open = wide.matches; };
  fit();
  wide.addEventListener("change", fit);

  const answer = await fetch("/api/openapi.json");
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
  const sections = draw(await answer.json());
  const filter = byID("filter");
  const apply = () => filterBy(sections, filter.value);
  const clear = () => { filter.value = ""; apply(); };
  filter.addEventListener("input", apply);
  apply();
  watch(sections);
  addEventListener("hashchange", () => reveal(clear));
  byID("operations").addEventListener("toggle", (event) => {
    if (event.target.matches(".op") && event.target.open) history.replaceState(null, "", `#${event.target.id}`);
  }, true);
  reveal(clear);
  await begin();
}

start().catch((error) => {
  const state = byID("state") ?? byID("operations").appendChild(el("p", { id: "state" }));
  state.textContent = `The description could not be read: ${error.message}`;
});
