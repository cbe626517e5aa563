"""The start page of the demonstration: where everything is, the story, the switch of the lines."""

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

PAGE = r"""<!doctype html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Archipel — démonstration</title>
<style>
:root { color-scheme: light dark; --line: #8886; --soft: #8882; --go: #0a6673; --cut: #b3311a }
@media (prefers-color-scheme: dark) { :root { --go: #4fbac6; --cut: #ff7d5e } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 1080px; padding: 20px }
h1 { font-size: 24px; margin: 0 } h2 { font-size: 17px; margin: 28px 0 8px }
.isles { display: grid; gap: 12px; grid-template-columns: repeat(auto-fit, minmax(235px, 1fr)) }
article, li.step { border: 1px solid var(--line); border-radius: 10px; padding: 12px 14px }
article h3 { margin: 0 0 4px; font-size: 16px } article a { font-weight: 600 }
table { border-collapse: collapse; width: 100% } td { padding: 2px 6px 2px 0; vertical-align: top }
code { font: 13px ui-monospace, monospace; user-select: all; overflow-wrap: anywhere }
a, button { color: var(--go) } a { overflow-wrap: anywhere }
button { font: inherit; min-height: 36px; padding: 0 12px; border-radius: 6px;
  border: 1px solid currentColor; background: none; cursor: pointer }
button[aria-pressed=true] { color: var(--cut) }
ol { list-style: none; padding: 0; display: grid; gap: 8px }
li.step { display: flex; gap: 10px } li.step b { min-width: 76px }
li[data-state=waiting] { opacity: .72 } li[data-state=done] b { color: var(--go) }
li[data-state=failed] b { color: var(--cut) }
.row { display: flex; gap: 8px; flex-wrap: wrap; align-items: center }
small { font-size: 13px }
</style>
</head>
<body>
<main>
<h1>Archipel, démonstration</h1>
<p>Tout est inventé et reste sur cette machine : patients, personnes, images, mots de passe.</p>
<h2>Les nœuds</h2><div class="isles" id="isles"></div>
<h2>L&rsquo;histoire</h2><div class="row">
<button type="button" id="next" hidden>Étape suivante</button>
<small id="inbox"></small></div><ol id="story" aria-live="polite"></ol>
<h2>Les liaisons simulées</h2><div class="row" id="lines"></div>
</main>
<script>
"use strict";
const $ = (id) => document.getElementById(id);
const make = (tag, props = {}, ...inside) => {
  const made = Object.assign(document.createElement(tag), props);
  made.append(...inside);
  return made;
};
const send = (path, body) => fetch(path, { method: "POST", body: JSON.stringify(body),
  headers: { "Content-Type": "application/json", "X-Archipel-Switchboard": "1" } }).then(show);
const WORDS = { waiting: "à venir", now: "en cours", done: "fait", failed: "échec" };
const said = {};
const put = (id, key, ...children) => {
  if (said[id] === key) return;
  said[id] = key;
  $(id).replaceChildren(...children);
};
async function show() {
  const state = await fetch("/state").then((answer) => answer.json());
  put("isles", JSON.stringify(state.isles), ...state.isles.map((isle) => make("article", {},
    make("h3", {}, isle.title), make("a", { href: isle.url, target: "_blank", rel: "noreferrer" },
    isle.url), make("br"), make("small", {}, isle.organisations.join(" · ") + " · DICOM " +
    isle.dicom), make("table", {}, make("tbody", {}, ...isle.people.map((one) => make("tr", {},
    make("td", {}, make("code", {}, one.login), make("br"), make("small", {}, one.role)),
    make("td", {}, make("code", {}, one.password)))))))));
  put("story", JSON.stringify(state.story), ...state.story.map((step) => {
    const item = make("li", { className: "step" }, make("b", {}, WORDS[step.state]),
      make("span", {}, step.title, ...(step.detail ? [make("br"), make("small", {}, step.detail)]
      : []), ...(step.url ? [make("br"), make("a", { href: step.url, target: "_blank",
      rel: "noreferrer" }, step.url)] : [])));
    item.dataset.state = step.state;
    return item;
  }));
  $("next").hidden = !state.waits;
  put("inbox", state.inbox || "", ...(state.inbox ? ["Courriels : ", make("a", { href: state.inbox,
    target: "_blank", rel: "noreferrer" }, state.inbox)] : []));
  put("lines", JSON.stringify(state.lines), ...state.lines.map(({ ends, cut }) => make("button", {
    type: "button", ariaPressed: String(cut), onclick: () => send("/lines", { ends, cut: !cut }) },
    ends.join(" \u2013 ").toUpperCase() + (cut ? " : coupée, rétablir" : " : ouverte, couper"))));
}
$("next").onclick = () => send("/story", { do: "next" });
show();
setInterval(() => show().catch(() => {}), 1000);
</script>
</body>
</html>
"""
