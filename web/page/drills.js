// SPDX-License-Identifier: BSD-2-Clause
// Drills: what each one measured, as bars on one scale of time, and the time around it as curves.
import { Rows, byId, el, milliseconds, setAttr, setText, svg } from "./dom.js";
import { ask } from "./api.js";
import * as around from "./around.js";

// What the times are counted from; of each: name, and the members where the bar begins and ends
// (none: at 0).
const BARS = [
	["After the cut", [
		["Detection", null, "detection-ms"],
		["Judged down", null, "down-ms"],
		["Withdrawal", null, "withdrawal-ms"],
		["Prefixes moved", "first-move-ms", "last-move-ms"],
		["Echo lost for", null, "echo-blackout-ms"],
	]],
	["After its end", [
		["Tunnel up again", null, "up-ms"],
		["Prefixes returned", "first-return-ms", "last-return-ms"],
		["Echo lost for", null, "return-echo-blackout-ms"],
	]],
];
const WIDTH = 400, LINE = 22, LEFT = 150, RIGHT = 90;

let drills = [];

const measured = (drill, list) => list.filter(([, , to]) => typeof drill[to] === "number");

function bar(drill, [name, from, to], y, scale) {
	const start = from ? drill[from] ?? 0 : 0;
	return [
		svg("text", { x: LEFT - 8, y: y + 15, "text-anchor": "end" }, name),
		svg("rect", { x: scale(start), y: y + 4, height: LINE - 8,
			width: Math.max(2, scale(drill[to]) - scale(start)) }),
		svg("text", { x: scale(drill[to]) + 6, y: y + 15 }, milliseconds(drill[to])),
	];
}

function bars(drill) {
	const parts = BARS.map(([since, list]) => [since, measured(drill, list)])
		.filter(([, list]) => list.length > 0);
	const most = Math.max(1, ...parts.flatMap(([, list]) => list.map(([, , to]) => drill[to])));
	const scale = (ms) => LEFT + ms / most * (WIDTH - LEFT - RIGHT);
	const drawn = [], said = [];
	let y = 0;
	for (const [since, list] of parts) {
		drawn.push(svg("text", { class: "soft", x: 0, y: y + 15 }, since));
		y += LINE;
		for (const row of list) {
			drawn.push(...bar(drill, row, y, scale));
			y += LINE;
		}
		said.push(`${since}: ` + list.map(([name, , to]) => `${name} ${milliseconds(drill[to])}`)
			.join(", "));
	}
	return svg("svg", { class: "bars", role: "img", viewBox: `0 0 ${WIDTH} ${y}`,
		"aria-label": said.join("; ") || "nothing measured" }, ...drawn);
}

function facts(drill) {
	const said = [`${drill.prefixes} prefixes`, `${drill.seconds} s`];
	if (drill.to)
		said.push(`echo to ${drill.to}`);
	if (typeof drill["echo-sent"] === "number")
		said.push(`${drill["echo-lost"]} of ${drill["echo-sent"]} echoes lost`);
	return said.join(", ");
}

function make(drill) {
	const result = el("p");
	const element = el("article", { class: "card" },
		el("h3", {}, `${drill.peer} (${drill.interface}), `,
			el("time", { datetime: new Date(drill.time * 1000).toISOString() },
				new Date(drill.time * 1000).toLocaleString("en-GB"))),
		result, el("p", {}, facts(drill)));
	return { element, result, drawn: null, part: null };
}

const keyOf = (drill) => `${drill.time} ${drill.interface} ${drill.peer}`;

function change(r, drill) {
	setText(r.result, drill.result);
	const text = JSON.stringify(drill), part = around.partOf(keyOf(drill));
	if (r.drawn === text && r.part === part)
		return;
	r.drawn = text;
	r.part = part;
	setAttr(r.element, "data-result", drill.result);
	for (const old of r.element.querySelectorAll("svg"))
		old.remove();
	r.element.append(bars(drill), ...(part ? [around.draw(drill, part)] : []));
}

const rows = new Rows(byId("cards"), make, change);

export async function load() {
	drills = (await ask("drills")).drills.toSorted((a, b) => b.time - a.time)
		.map((drill) => [keyOf(drill), drill]);
	await around.load(drills);
}

export function show() {
	rows.show(drills);
	byId("drills-empty").hidden = drills.length > 0;
}
