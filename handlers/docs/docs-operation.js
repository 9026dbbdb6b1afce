// One operation: who may, what goes in, what comes out.

import { el, facts, prose } from "./docs-dom.js";
import { parameters, shape } from "./docs-tree.js";
import { tryIt } from "./docs-try.js";

const prefix = "/api/v1";
const wide = matchMedia("(min-width: 60rem)");

const orList = (items) => items.join(", ").replace(/, ([^,]*)$/, " or $1");

/** mayShort says in a word or two who may. */
export function mayShort(op) {
  if (!op.security?.length) return "open";
  return op["x-roles"]?.join(", ") ?? "signed in";
}

function may(op) {
  if (!op.security?.length) return "Everybody, signed in or not.";
  return op["x-roles"] ? `Signed in as ${orList(op["x-roles"])}; each within what is theirs.` : "Everybody who is signed in; each within what is theirs.";
}

function programs(op) {
  if (!op.security?.length) return "May too, without a token.";
  const scope = op["x-scope"];
  if (!scope) return "May not.";
  if (scope.includes(" ")) return prose(`With one of the scopes ${orList(scope.split(" ").map((s) => `\`${s}\``))}, for what each is about.`);
  return prose(scope.endsWith(":read") ? `With the scope \`${scope}\` or \`${scope.replace(/read$/, "write")}\`.` : `With the scope \`${scope}\`.`);
}

const log = {
  read: "Looking leaves a line in the audit log, written before the answer leaves.",
  write: "A change leaves a line in the audit log, in the transaction of the change.",
};

/** operation is one line of the list; what is inside is made when it is opened. */
export function operation(doc, op) {
  const path = op.path.replace(prefix, "").split(/(\{[^}]+\})/).map((part) => (part.startsWith("{") ? el("i", {}, part) : part));
  const node = el("details", { class: "op", id: op.operationId },
    el("summary", {}, el("span", { class: `method ${op.method}` }, op.method.toUpperCase()),
      el("h3", {}, el("code", { class: "path" }, path), el("span", { class: "what" }, op.summary)),
      el("span", { class: "may" }, mayShort(op))));
  node.addEventListener("toggle", () => {
    if (node.open && node.children.length === 1) node.append(inside(doc, op));
  });
  return node;
}

function inside(doc, op) {
  return el("div", { class: "inside" },
    op.description ? el("p", {}, prose(op.description)) : null,
    facts({
      Address: el("code", {}, `${op.method.toUpperCase()} ${op.path}`), People: may(op), Programs: programs(op), Log: log[op["x-audit"]],
      Id: el("a", { href: `#${op.operationId}` }, op.operationId),
    }),
    op.parameters?.length ? [el("h4", {}, "Parameters"), parameters(doc, op.parameters)] : null,
    op.requestBody ? body(doc, op) : null,
    tryIt(doc, op),
    el("h4", {}, "Answers"), el("div", { class: "answers" }, answers(doc, op)));
}

function body(doc, op) {
  return Object.entries(op.requestBody.content).map(([mediaType, { schema }]) => [
    el("h4", {}, "Body, ", el("code", {}, mediaType)),
    mediaType === "application/json" ? shape(doc, schema, true, "Example of a body") : el("p", {}, "The file itself, byte for byte."),
  ]);
}

function answers(doc, op) {
  const usual = op.responses[201] ? "201" : "200";
  const problems = [];
  const rows = Object.entries(op.responses).map(([status, response]) => {
    const mood = status < "400" ? "ok" : status < "500" ? "not" : "bad";
    const line = [el("span", { class: `status ${mood}` }, status), el("span", {}, prose(response.description))];
    const [mediaType, media] = Object.entries(response.content ?? {})[0] ?? [];
    if (mediaType === "application/problem+json") problems.push(media.schema);
    if (mediaType === "application/json") {
      return el("details", { class: "answer", open: status === usual && wide.matches },
        el("summary", {}, line), shape(doc, media.schema, false, `Example of an answer ${status}`));
    }
    if (mediaType && mediaType !== "application/problem+json") line[1].append(" ", el("code", {}, Object.keys(response.content).join(", ")));
    return el("div", { class: "answer" }, el("div", { class: "plain" }, line));
  });
  if (problems.length) {
    rows.push(el("details", { class: "answer" }, el("summary", {}, el("span", { class: "status" }, "{…}"), "How a problem looks (RFC 9457)."),
      shape(doc, problems[0], false, "Example of a problem")));
  }
  return rows;
}
