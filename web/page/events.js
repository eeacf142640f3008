// SPDX-License-Identifier: BSD-2-Clause
// The time line: what the daemons remember, newest first.
import { Rows, byId, el, keepTable, labelsOf, row, setText } from "./dom.js";
import { ask } from "./api.js";

const SHOWN = 300;
const DAEMONS = ["wgd", "zebra-lite", "bgpd"];
const MESSAGES = new Set(["sent", "received"]);
const ROUTES = new Set(["decision", "route", "entry", "batch", "allowed-ips", "object"]);
const BAD = new Set(["down", "lost", "gone", "refused", "withdrawn", "failed", "never"]);
const GOOD = new Set(["up", "established"]);

const table = keepTable(byId("rows-events"));
const labels = labelsOf(table);
let events = [];

function subject(e) {
	const parts = [];
	if (e.prefix)
		parts.push(e.prefix);
	if (e.peer)
		parts.push(`${e.peer}${e.interface ? ` (${e.interface})` : ""}`);
	else if (e.interface)
		parts.push(e.interface);
	if (e.neighbor)
		parts.push(`neighbor ${e.neighbor}`);
	if (e["next-hop"])
		parts.push(`next hop ${e["next-hop"]}`);
	return parts.join(", ");
}

const reason = (e) => [e.reason, e.errno].filter(Boolean).join(", ");
const time = (text) => {
	const at = new Date(text);
	return Number.isNaN(at.getTime()) ? text
		: `${at.toLocaleDateString("en-CA")} ${at.toLocaleTimeString("en-GB")}.` +
			String(at.getMilliseconds()).padStart(3, "0");
};

function make(e) {
	const what = e.what ?? "";
	const look = BAD.has(what) ? "down" : GOOD.has(what) ? "up" : null;
	const element = row(labels, el("time", { datetime: e.time }, time(e.time)),
		el("span", {}, `${e.event} ${what}`.trim()), subject(e), reason(e), e.daemon);
	if (look)
		element.dataset.state = look;
	return { element };
}

const rows = new Rows(table.tBodies[0], make, () => {});

export async function load() {
	const answers = await Promise.all(DAEMONS.map((daemon) => ask("history", { daemon })));
	events = answers.flatMap(({ events: list }, i) =>
		list.map((e, n) => ({ ...e, daemon: DAEMONS[i], n })));
	events.sort((a, b) => b["monotonic-us"] - a["monotonic-us"] || b.n - a.n);
}

function fits(e, words, kind) {
	if (kind !== "all" && MESSAGES.has(e.event))
		return false;
	if (kind === "states" && ROUTES.has(e.event))
		return false;
	const text = Object.values(e).join(" ").toLowerCase();
	return words.every((word) => text.includes(word));
}

export function show() {
	const words = byId("events-filter").value.toLowerCase().split(/\s+/).filter(Boolean);
	const kind = byId("events-kind").value;
	const fitting = events.filter((e) => fits(e, words, kind));
	const keys = new Map(); // several at one microsecond

	rows.show(fitting.slice(0, SHOWN).reverse().map((e) => {
		const key = `${e.daemon} ${e["monotonic-us"]} ${e.event} ${e.what} ${subject(e)}`;
		keys.set(key, (keys.get(key) ?? 0) + 1);
		return [`${key} ${keys.get(key)}`, e];
	}).reverse());
	setText(byId("events-count"), fitting.length > SHOWN
		? `the last ${SHOWN} of ${fitting.length} events` : `${fitting.length} events`);
	byId("events-empty").hidden = fitting.length > 0;
}

for (const id of ["events-filter", "events-kind"])
	byId(id).addEventListener("input", show);
byId("events-filter").form.addEventListener("submit", (e) => e.preventDefault());
