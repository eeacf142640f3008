// SPDX-License-Identifier: BSD-2-Clause
// One tunnel: its facts, and what the history store keeps of it as charts. The charts are made by
// dygraphs, which is loaded when they are first seen.
import { STATES, age, byId, bytes, el, milliseconds, percent, rate, setText, stateMark, setState }
	from "./dom.js";
import { ask } from "./api.js";
import { ageNow, tunnels } from "./model.js";
import { why } from "./tunnels.js";

const EVERY_MS = 15000;
const HEIGHT = 160;

// Title, unit of the axis, and series: name, member of the answer, colour of the style sheet.
const CHARTS = [
	["Traffic", rate, [["received", "rx-bytes-per-second", "--line-1"],
		["sent", "tx-bytes-per-second", "--line-2"]]],
	["Latency", milliseconds, [["latency", "latency-ms", "--line-1"]]],
	["Loss", percent, [["loss", "loss-percent", "--line-3"]]],
	["Prefixes", (n) => String(Math.round(n)), [["accepted", "prefixes", "--line-1"]]],
	["State", (n) => STATES[Math.round(n)] ?? "", [["state", "state", "--line-2"]]],
];

let wanted = ["", ""]; // interface, peer
let series = null, asked = 0, loadedAt = -EVERY_MS, shownOf = null;
let charts = [];
let library = null;
let facts = null;

function loadLibrary() {
	library ??= new Promise((resolve, reject) => {
		const script = el("script", { src: "lib/dygraphs/dygraph.min.js" });
		script.onload = resolve;
		script.onerror = () => reject(new Error("no charts: libjs-dygraphs is not installed"));
		document.head.append(el("link", { rel: "stylesheet", href: "lib/dygraphs/dygraph.min.css" }),
			script);
	});
	return library;
}

const FACTS = [
	["Since", (e, now) => age(ageNow(e, "since-seconds", now))],
	["Handshake", (e, now) => {
		const at = ageNow(e, "handshake-seconds", now);
		return at === null ? "never" : `${age(at)} ago`;
	}],
	["Why", (e) => why(e.t)],
	["Endpoint", (e) => e.t.endpoint ?? "–"],
	["Tunnel addresses", (e) => e.t["tunnel-addresses"].join(", ")],
	["Received", (e) => `${bytes(e.t["rx-bytes"])}, ${rate(e.rx)}`],
	["Sent", (e) => `${bytes(e.t["tx-bytes"])}, ${rate(e.tx)}`],
	["Latency", (e) => `${milliseconds(e.t["latency-ms"])}, jitter ${milliseconds(e.t["jitter-ms"])}`],
	["Loss", (e) => percent(e.t["loss-percent"])],
	["Cost", (e) => String(e.t.cost)],
	["Changes of state", (e) => String(e.t.changes)],
];

function makeFacts() {
	const mark = stateMark("never");
	const values = FACTS.map(() => el("dd"));
	byId("tunnel-facts").replaceChildren(el("dt", {}, "State"), el("dd", {}, mark),
		...FACTS.flatMap(([name], i) => [el("dt", {}, name), values[i]]));
	return { mark, values };
}

const entry = () => tunnels.get(`${wanted[0]} ${wanted[1]}`);

export function tick(now) {
	const e = entry();
	setText(byId("h-tunnel"), `${wanted[1]} on ${wanted[0]}${e ? "" : ": no such tunnel"}`);
	byId("tunnel-facts").hidden = !e;
	if (!e)
		return;
	facts ??= makeFacts();
	setState(facts.mark, e.t.state);
	FACTS.forEach(([, value], i) => setText(facts.values[i], value(e, now)));
}

export function enter(iface = "", peer = "") {
	wanted = [iface, peer];
	asked++; // what is under way
	series = null;
	loadedAt = -EVERY_MS;
	drop();
	tick(performance.now());
}

export async function load() {
	if (performance.now() - loadedAt < EVERY_MS)
		return;
	const mine = ++asked;
	loadedAt = performance.now();
	try {
		const [answer] = await Promise.all([ask("series", { interface: wanted[0], peer: wanted[1],
			span: byId("tunnel-span").value }), loadLibrary()]);
		if (mine !== asked)
			return; // it is of another tunnel
		series = answer;
		setText(byId("tunnel-said"), series.time.length ? "" : "Nothing is known of that time yet.");
	} catch (e) {
		if (mine === asked)
			setText(byId("tunnel-said"), `No history: ${e.message}`);
	}
}

function drop() {
	for (const { chart } of charts)
		chart.destroy();
	charts = [];
	shownOf = null;
	byId("tunnel-charts").replaceChildren();
}

// Rows for dygraphs: time, then a value a series. A time of which nothing was kept is a gap. A
// state is its rank.
function data(members) {
	const rows = [];
	series.time.forEach((at, i) => {
		const before = series.time[i - 1];
		if (i > 0 && at - before > 2 * series["step-seconds"])
			rows.push([new Date((before + series["step-seconds"]) * 1000), ...members.map(() => null)]);
		rows.push([new Date(at * 1000), ...members.map((member) => {
			const value = series[member][i];
			return member === "state" && value !== null ? STATES.indexOf(value) : value;
		})]);
	});
	return rows;
}

// The whole time that was asked for, also where nothing is known of its beginning.
function span() {
	const end = Date.now();
	return [end - byId("tunnel-span").value * 1000, end];
}

function makeChart([title, unit, list]) {
	const style = getComputedStyle(document.documentElement);
	const state = title === "State";
	const legend = el("div", { class: "chart-legend" });
	const holder = el("div", { class: "chart" });
	byId("tunnel-charts").append(el("section", { "aria-label": title },
		el("h4", {}, title), legend, holder));
	const members = list.map(([, member]) => member);
	const chart = new globalThis.Dygraph(holder, data(members), {
		labels: ["time", ...list.map(([name]) => name)], labelsDiv: legend, legend: "always",
		colors: list.map(([, , colour]) => style.getPropertyValue(colour).trim()),
		height: HEIGHT, width: holder.clientWidth, strokeWidth: 1.5, connectSeparatedPoints: false,
		stepPlot: state, drawPoints: false, includeZero: true, axisLabelFontSize: 12,
		gridLineColor: style.getPropertyValue("--edge").trim(),
		axisLineColor: style.getPropertyValue("--edge").trim(),
		valueRange: state ? [-0.3, STATES.length - 0.7] : null,
		dateWindow: span(), strokePattern: null,
		axes: { y: { axisLabelWidth: 70, axisLabelFormatter: unit, valueFormatter: unit,
			...(state ? { ticker: () => STATES.map((label, v) => ({ v, label })) } : {}) } },
		series: list.length > 1 ? { [list[1][0]]: { strokePattern: [6, 3] } } : {},
	});
	const graph = holder.querySelector("canvas");
	graph?.setAttribute("aria-hidden", "true");
	return { chart, members };
}

export function show() {
	tick(performance.now());
	if (!series || series === shownOf || !globalThis.Dygraph)
		return;
	shownOf = series;
	if (series.time.length === 0)
		return;
	if (charts.length === 0)
		charts = CHARTS.map(makeChart);
	else
		for (const { chart, members } of charts)
			chart.updateOptions({ file: data(members), dateWindow: span() });
}

byId("tunnel-span").addEventListener("input", () => {
	loadedAt = -EVERY_MS;
	drop();
	byId("refresh").click();
});
byId("tunnel-span").form.addEventListener("submit", (e) => e.preventDefault());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
	drop();
	show();
});
