// Who is asking: the browser's session, or a program's token.

import { prose } from "./docs-dom.js";

const session = "/api/v1/session";
const byID = (id) => document.getElementById(id);

class Who extends EventTarget {
  me = null;
  token = "";

  /** request is how fetch is to ask: a token goes alone, so that it is what is tried. */
  request() {
    return this.token ? { headers: { Authorization: `Bearer ${this.token}` }, credentials: "omit" } : { headers: {}, credentials: "same-origin" };
  }

  /** kita is the first of the kitas of whoever is signed in. */
  get kita() {
    return this.me?.memberships.find((m) => m.kita_id)?.kita_id ?? "";
  }

  changed() {
    this.dispatchEvent(new Event("change"));
  }
}

export const who = new Who();

async function ask(method, body) {
  const answer = await fetch(session, {
    method, credentials: "same-origin", cache: "no-store",
    headers: body ? { "Content-Type": "application/json" } : {}, body: body && JSON.stringify(body),
  });
  return [answer.ok, answer.status === 204 ? null : await answer.json()];
}

const roles = (me) => [
  ...(me.account.operator ? ["operator"] : []),
  ...me.memberships.map((m) => (m.kita_name ? `${m.role} in ${m.kita_name}` : m.role)),
];

function tell() {
  const { me, token } = who;
  const name = me && (me.account.name || me.account.login);
  byID("sign-in").hidden = Boolean(me);
  byID("sign-out").hidden = !me;
  byID("who-button").textContent = token ? "A program" : name ?? "Sign in";
  byID("who-button").setAttribute("aria-label", token ? "Asking as a program" : me ? `Signed in as ${name}` : "Sign in");
  byID("who-now").replaceChildren(...prose(
    token ? "“Send” asks as a program, with the token below." :
    me ? `Signed in as ${name} (\`${me.account.login}\`): ${roles(me).join(", ") || "no role yet"}.` :
    "Nobody is signed in: “Send” asks as a stranger."));
}

/** begin wires the sign-in box and asks who is signed in already. */
export async function begin() {
  const button = byID("who-button");
  const box = byID("who");
  const show = (yes) => {
    box.hidden = !yes;
    button.setAttribute("aria-expanded", String(yes));
  };
  const open = (yes) => {
    show(yes);
    (yes ? box.querySelector("form:not([hidden]) :is(input, button)") : button).focus();
  };
  for (const leaving of ["focusin", "pointerdown"]) {
    document.addEventListener(leaving, (event) => { if (!event.target.closest?.(".bar")) show(false); });
  }
  button.addEventListener("click", () => open(box.hidden));
  box.addEventListener("keydown", (event) => { if (event.key === "Escape") open(false); });

  const attempt = (form, what) => form.addEventListener("submit", async (event) => {
    event.preventDefault();
    byID("who-problem").textContent = "";
    try {
      const [ok, answer] = await what();
      if (!ok) throw new Error(answer.detail);
      who.me = form.id === "sign-in" ? answer : null;
      form.reset();
      who.changed();
      open(false);
    } catch (error) {
      byID("who-problem").textContent = error.message;
    }
  });
  attempt(byID("sign-in"), () => ask("POST", { login: byID("login").value, password: byID("password").value }));
  attempt(byID("sign-out"), () => ask("DELETE"));
  byID("program").addEventListener("submit", (event) => {
    event.preventDefault();
    open(false);
  });
  byID("token").addEventListener("input", (event) => {
    who.token = event.target.value.trim();
    who.changed();
  });

  who.addEventListener("change", tell);
  const [ok, answer] = await ask("GET");
  who.me = ok ? answer : null;
  who.changed();
}
