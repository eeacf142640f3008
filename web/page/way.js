// SPDX-License-Identifier: BSD-2-Clause
// Where a destination goes: what `explain` finds, as the way of a packet from here to there by some
// places, and what was judged at each. What is behind a break is still drawn, as explain judges all
// that it can.
import { byId, el, setText, stateMark, symbol } from "./dom.js";
import { NoAnswer, ask } from "./api.js";
import { linkTo } from "./tunnels.js";
import { tunnels } from "./model.js";

// A place and its stages; what is none of them belongs to the place before.
const PLACES = [
	["Decided here", ["source", "plane", "bgp", "rib", "next-hop", "forwarding", "rp-filter", "rule"]],
	["Sent by the kernel", ["kernel", "firewall"]],
	["Carried by the tunnel", ["allowed-ips", "tunnel", "endpoint"]],
	["Answered", ["announced", "back", "far-end", "far-forwarding", "far-route", "far-firewall",
		"host", "answer", "mtu", "probe"]],
];
const NAMES = { bgp: "BGP", rib: "Routing table", "allowed-ips": "AllowedIPs", mtu: "MTU",
	"rp-filter": "RP filter" };

let wanted = "", from = ""; // destination, source
let found = null, drawn = null; // their answer; the one that is seen
let asking = false;

function nameOf(stage) {
	const words = stage.replaceAll("-", " ");
	return NAMES[stage] ?? words.charAt(0).toUpperCase() + words.slice(1);
}

function box(kind, ok, title, ...said) {
	const word = ok === null ? [] : [el("span", { class: "verdict" }, ok ? "fine" : "broken")];
	return el("li", { class: `step ${kind}`, "data-ok": ok === null ? "" : String(ok) },
		el("h3", {}, title, ...word), ...said);
}

// Null is what may be in the way, or not.
const MARKS = new Map([[true, ["up", ""]], [false, ["down", "broken: "]],
	[null, ["never", "note: "]]]);

function check({ stage, ok, text }) {
	const [shape, word] = MARKS.get(ok);
	return el("li", { "data-ok": String(ok) }, symbol(shape),
		el("span", {}, el("span", { class: "unseen" }, word),
			el("span", { class: "stage" }, nameOf(stage)), ` ${text}`));
}

function drawExplained(answer) {
	const checks = PLACES.map(() => []);
	let at = 0;
	for (const step of answer.steps) {
		const place = PLACES.findIndex(([, stages]) => stages.includes(step.stage));
		at = place < 0 ? at : place;
		checks[at].push(step);
	}
	const places = PLACES.flatMap(([title], i) => checks[i].length === 0 ? []
		: [box("place", checks[i].every(({ ok }) => ok !== false), title,
			el("ul", { class: "checks" }, ...checks[i].map(check)))]);
	byId("way-steps").replaceChildren(
		box("end", null, answer.source ?? "This machine"), ...places,
		box("end", answer.reachable, answer.destination,
			el("p", {}, answer.reachable ? "is reachable" : "is not reachable")));
	setText(byId("way-verdict"), answer.verdict);
}

function drawWays(route) {
	const items = (route?.["next-hops"] ?? []).map((hop) => {
		const entry = tunnelOf(hop);
		const state = entry?.t.state ?? hop.state;
		const use = hop.active ? "in use" : state === "down" ? "cannot be used" : "in reserve";
		const name = hop.peer ? `${hop.peer} (${hop.interface})` : hop.interface ?? "";
		return el("li", { class: hop.active ? "active" : "spare" },
			stateMark(state), " ",
			entry ? el("a", { href: linkTo(entry.t) }, name) : name,
			`${hop.address ? `, next hop ${hop.address}` : ""}, cost ${hop.cost}: ${use}`);
	});
	byId("way-others").replaceChildren(...(items.length
		? [el("h3", {}, `Ways to ${route.prefix}`), el("ul", { class: "ways" }, ...items)] : []));
}

const tunnelOf = (hop) => hop?.peer ? tunnels.get(`${hop.interface} ${hop.peer}`) : undefined;

async function routeTo(to) {
	const { routes } = await ask("route", { address: to });
	return routes.find((route) => route.selected) ?? routes[0];
}

async function question(to, source) {
	let answer;
	try {
		const [route, explained] = await Promise.all([routeTo(to),
			ask("explain", { destination: to, ...(source && { from: source }) })]);
		answer = { to, route, explained };
	} catch (e) {
		if (!(e instanceof NoAnswer))
			throw e;
		answer = { to, error: e.message };
	}
	if (to === wanted && source === from) {
		found = answer;
		show();
	}
}

// What is asked is asked again with each update: the picture follows. An update does not wait for
// it: the daemons rest between two such questions.
export async function load() {
	const to = wanted, source = from;
	if (!to || asking)
		return;
	asking = true;
	question(to, source).finally(() => {
		asking = false;
		if (to !== wanted || source !== from)
			load();
	});
}

export function show() {
	if (!found)
		return;
	const { to, route, explained, error } = found;
	const text = JSON.stringify([error, explained,
		route?.["next-hops"].map((h) => [h, tunnelOf(h)?.t.state])]);
	if (text === drawn)
		return;
	drawn = text;
	if (error) {
		byId("way-steps").replaceChildren();
		byId("way-others").replaceChildren();
		setText(byId("way-verdict"), `No answer for ${to}: ${error}`);
		return;
	}
	drawExplained(explained);
	drawWays(route);
}

export function enter(to = "", source = "") {
	if (to === wanted && source === from)
		return;
	wanted = to;
	from = source;
	found = drawn = null;
	byId("way-to").value = to;
	byId("way-from").value = source;
	byId("way-steps").replaceChildren();
	byId("way-others").replaceChildren();
	setText(byId("way-verdict"), to ? `Asking for ${to} …` : "");
}

byId("way-form").addEventListener("submit", (e) => {
	e.preventDefault();
	const words = ["way-to", "way-from"].map((id) => byId(id).value.trim()).filter(Boolean);
	location.hash = ["#way", ...words.map(encodeURIComponent)].join("/");
});
