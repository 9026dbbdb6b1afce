// The few ways in which this page makes elements. Text is only ever text: nothing here reads markup.

/** el makes an element; props that are not properties of it become attributes, on… become listeners. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

/** prose turns `words` between backticks into code. */
export function prose(text) {
  return text.split("`").map((part, i) => (i % 2 ? el("code", {}, part) : part));
}

/** facts is a list of names and what they are; facts without a value are left out. */
export function facts(rows) {
  return el("dl", { class: "facts" },
    Object.entries(rows).filter(([, value]) => value).map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

const token = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(true|false|null)/g;
const paintable = 200_000;

/** json is a value, printed; one can reach it with the keyboard, to scroll it. */
export function json(value, label) {
  const text = JSON.stringify(value, null, 2);
  const pre = el("pre", { tabIndex: 0, role: "region", "aria-label": label });
  if (text.length > paintable) {
    pre.append(text);
    return pre;
  }
  let end = 0;
  for (const m of text.matchAll(token)) {
    const kind = m[1] ? (m[2] ? "k" : "s") : m[3] ? "n" : "w";
    pre.append(text.slice(end, m.index), el("span", { class: kind }, m[1] ?? m[0]));
    end = m.index + (m[1] ?? m[0]).length;
  }
  pre.append(text.slice(end));
  return pre;
}
