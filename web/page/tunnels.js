// SPDX-License-Identifier: BSD-2-Clause
// The tunnels, a row each.
import { STATES, Rows, age, byId, bytes, el, keepTable, labelsOf, milliseconds, percent, rate, row,
	setAttr, setData, setState, setText, stateMark, svg } from "./dom.js";
import { NoAnswer, ask } from "./api.js";
import { ageNow, keyOf, takeCurves, tunnels } from "./model.js";

const WIDTH = 80, HEIGHT = 20;
const LEAST_MS = 10, LEAST_PERCENT = 5; // a curve's scale is at least that high
const CURVES_MAX = 30; // of one question
const ERROR_S = 60; // an ICMP error is about now

const table = keepTable(byId("rows-tunnels"));
const labels = labelsOf(table);
const onScreen = new Set(); // rows: the curves of the others are drawn when they come into sight
const rowOf = new WeakMap(); // element: row
const watcher = new IntersectionObserver((changes) => {
	for (const { target, isIntersecting } of changes) {
		const r = rowOf.get(target);
		if (!r)
			continue;
		if (isIntersecting) {
			onScreen.add(r);
			draw(r);
		} else {
			onScreen.delete(r);
		}
	}
	loadCurves();
}, { rootMargin: "200px" });

export const linkTo = (t) =>
	`#tunnel/${encodeURIComponent(t.interface)}/${encodeURIComponent(t.peer)}`;

const curve = (name) => svg("svg", { class: `curve ${name}`, "aria-hidden": "true",
	viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none" }, svg("path"));

// A row without a value: a copy of it is made sooner than a row of a hundred calls.
const blank = (() => {
	const pair = (...two) => el("span", { class: "pair" }, ...two);
	const small = () => el("span", { class: "small" });
	return row(labels, stateMark("never"), pair(el("a"), small()), el("data"), el("data"),
		el("span", { class: "address" }), pair(el("data"), small()), pair(el("data"), small()),
		pair(el("data"), curve("latency")), pair(el("data"), curve("loss")), el("span"));
})();

function make(entry) {
	const element = blank.cloneNode(true);
	const [mark, name, since, handshake, endpoint, rx, tx, latency, loss, reasons] =
		[...element.cells].map((cell) => cell.firstChild);
	const r = { entry, element, mark, since, handshake, endpoint, rx: rx.firstChild,
		rxRate: rx.lastChild, tx: tx.firstChild, txRate: tx.lastChild, latency: latency.firstChild,
		latencyPath: latency.lastChild.firstChild, loss: loss.firstChild,
		lossPath: loss.lastChild.firstChild, why: reasons };
	name.firstChild.href = linkTo(entry.t);
	name.firstChild.textContent = entry.t.peer;
	name.lastChild.textContent = entry.t.interface;
	element.dataset.key = `${entry.t.interface} ${entry.t.peer}`;
	rowOf.set(element, r);
	watcher.observe(element);
	return r;
}

function draw(r) {
	setAttr(r.latencyPath, "d", r.entry.latency.path(WIDTH, HEIGHT, LEAST_MS));
	setAttr(r.lossPath, "d", r.entry.loss.path(WIDTH, HEIGHT, LEAST_PERCENT));
}

let loading = false;

// What was before this page was there, of rows that are seen. Without a history, or until wgbgp-web
// answers again, the curves are of what the page saw itself.
async function loadCurves() {
	const wanted = [...onScreen].filter((r) => !r.entry.asked).slice(0, CURVES_MAX);
	if (loading || wanted.length === 0)
		return;
	loading = true;
	for (const r of wanted)
		r.entry.asked = true;
	try {
		takeCurves((await ask("curves", wanted.map(({ entry }) => ["tunnel", keyOf(entry.t)])))
			.curves);
	} catch (e) {
		if (!(e instanceof NoAnswer))
			throw e;
		for (const r of wanted)
			r.entry.asked = e.status !== 0;
		return; // the next update asks again
	} finally {
		loading = false;
	}
	for (const r of wanted)
		draw(r);
	loadCurves();
}

function change(r, entry) {
	const { t } = entry;
	r.entry = entry;
	setAttr(r.element, "data-state", t.state);
	setState(r.mark, t.state);
	setText(r.endpoint, t.endpoint ?? "–");
	setData(r.rx, t["rx-bytes"], bytes(t["rx-bytes"]));
	setData(r.tx, t["tx-bytes"], bytes(t["tx-bytes"]));
	setText(r.rxRate, rate(entry.rx));
	setText(r.txRate, rate(entry.tx));
	setData(r.latency, t["latency-ms"], milliseconds(t["latency-ms"]));
	setData(r.loss, t["loss-percent"], percent(t["loss-percent"]));
	setText(r.why, why(t));
	if (onScreen.has(r))
		draw(r);
}

// Now, and not only before the last handshake.
function isRejected(t) {
	const ago = t["underlay-error-seconds"] ?? 0;
	return t["underlay-error"] && ago < ERROR_S && ago < (t["handshake-seconds"] ?? ERROR_S);
}

export function why(t) {
	const more = [];
	if (t.draining)
		more.push("draining");
	if (t.weak)
		more.push("weak");
	if (isRejected(t))
		more.push(`underlay: ${t["underlay-error"]}`);
	return [t["reason-text"] || t.reason, ...more].filter(Boolean).join("; ");
}

const rows = new Rows(table.tBodies[0], make, change);

const orders = {
	trouble: (a, b) => STATES.indexOf(a.t.state) - STATES.indexOf(b.t.state) || a.index - b.index,
	configured: (a, b) => a.index - b.index,
	name: (a, b) => a.t.peer.localeCompare(b.t.peer, "en", { numeric: true }) || a.index - b.index,
};

function fits({ t }, words, state) {
	if (state === "trouble" ? t.state === "up" || t.state === "idle" : state && t.state !== state)
		return false;
	const text = `${t.peer} ${t.interface} ${t.endpoint ?? ""} ${t.state} ${t.reason}`.toLowerCase();
	return words.every((word) => text.includes(word));
}

export function show() {
	const words = byId("tunnels-filter").value.toLowerCase().split(/\s+/).filter(Boolean);
	const state = byId("tunnels-state").value;
	const shown = [...tunnels].filter(([, entry]) => fits(entry, words, state));
	const order = orders[byId("tunnels-order").value];

	shown.sort(([, a], [, b]) => order(a, b));
	rows.show(shown);
	for (const r of onScreen)
		if (!r.element.isConnected) {
			onScreen.delete(r);
			watcher.unobserve(r.element);
		}
	setText(byId("tunnels-count"), shown.length === tunnels.size ? `${shown.length} tunnels`
		: `${shown.length} of ${tunnels.size} tunnels`);
	byId("tunnels-empty").hidden = shown.length > 0;
	loadCurves();
	tick(performance.now());
}

// Ages count up between answers.
export function tick(now) {
	for (const r of rows.rows.values()) {
		const since = ageNow(r.entry, "since-seconds", now);
		const handshake = ageNow(r.entry, "handshake-seconds", now);
		setData(r.since, r.entry.t["since-seconds"], age(since));
		setData(r.handshake, r.entry.t["handshake-seconds"],
			handshake === null ? "never" : age(handshake));
	}
}

for (const id of ["tunnels-filter", "tunnels-state", "tunnels-order"])
	byId(id).addEventListener("input", show);
byId("tunnels-filter").form.addEventListener("submit", (e) => e.preventDefault());
