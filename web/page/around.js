// SPDX-License-Identifier: BSD-2-Clause
// The time around a drill as curves: traffic, latency and loss of its tunnel as the history kept
// them, with the time of the cut marked. They are asked for once the history has all of that time,
// and now and then before.
import { bytes, milliseconds, pathOf, percent, svg } from "./dom.js";
import { NoAnswer, ask } from "./api.js";

const BEFORE_S = 120, BEHIND_S = 180;
const OLDEST_S = 2 * 86400; // of what is older the history has too few points
const AGAIN_MS = 15000, AT_ONCE = 3, KEPT = 10;
const WIDTH = 400, LEFT = 100, HEIGHT = 40, GAP = 22;

// Name, least height of the scale, how its top is written, and members of the history's answer.
const CURVES = [
	["Traffic", 1000, (n) => `${bytes(n)}/s`, ["rx-bytes-per-second", "tx-bytes-per-second"]],
	["Latency", 10, milliseconds, ["latency-ms"]],
	["Loss", 5, percent, ["loss-percent"]],
];

const kept = new Map(); // key of a drill: what was asked for last

function timesOf(drill, now) {
	const from = drill.time - BEFORE_S, until = drill.time + drill.seconds + BEHIND_S;
	return { from, until, over: now > until + 60 };
}

// The part of an answer that is of that time, at equal distances.
function cutOut(series, from, until) {
	const step = series["step-seconds"];
	const first = Math.floor(from / step), n = Math.floor(until / step) - first + 1;
	const columns = {};
	for (const [, , , members] of CURVES)
		for (const member of members) {
			columns[member] = Array(n).fill(null);
			series.time.forEach((time, i) => {
				const at = Math.floor(time / step) - first;
				if (at >= 0 && at < n)
					columns[member][at] = series[member][i];
			});
		}
	return { columns, from: first * step, until: (first + n - 1) * step };
}

async function loadOne(key, drill) {
	const now = Date.now() / 1000;
	const { from, until, over } = timesOf(drill, now);
	const entry = { askedAt: performance.now(), over: false, part: kept.get(key)?.part ?? null };

	kept.set(key, entry);
	try {
		const series = await ask("series", { interface: drill.interface, peer: drill.peer,
			span: Math.ceil(now - from) + 60 });
		entry.part = cutOut(series, from, until);
		entry.over = over;
	} catch (e) {
		if (!(e instanceof NoAnswer))
			throw e;
		entry.over = over && e.status === 404; // no history of this tunnel (any more)
	}
}

// DRILLS: [key, drill], the newest one first.
export async function load(drills) {
	const now = performance.now();
	const recent = drills.filter(([, d]) => Date.now() / 1000 - d.time < OLDEST_S - 3600)
		.slice(0, KEPT);
	const wanted = recent.filter(([key]) => {
		const entry = kept.get(key);
		return !entry || (!entry.over && now - entry.askedAt > AGAIN_MS);
	});
	const known = new Set(recent.map(([key]) => key));

	for (const key of kept.keys())
		if (!known.has(key))
			kept.delete(key);
	await Promise.all(wanted.slice(0, AT_ONCE).map(([key, drill]) => loadOne(key, drill)));
}

export const partOf = (key) => kept.get(key)?.part ?? null;

function curve([name, least, unit, members], part, y) {
	const values = members.map((member) => part.columns[member]);
	const known = values.flat().filter((v) => v !== null);
	const top = Math.max(least, ...known);
	const lines = values.map((list, i) => svg("path", { class: i ? "second" : "first",
		d: pathOf(list, WIDTH - LEFT, HEIGHT, top) }));
	return svg("g", {},
		svg("text", { x: 0, y: y + 14 }, name),
		svg("text", { class: "soft", x: 0, y: y + 30 },
			known.length ? `up to ${unit(Math.max(...known))}` : "not known"),
		svg("path", { class: "axis", d: `M${LEFT} ${y + HEIGHT}H${WIDTH}` }),
		svg("g", { transform: `translate(${LEFT} ${y})` }, ...lines));
}

export function draw(drill, part) {
	const height = CURVES.length * (HEIGHT + GAP);
	const x = (time) => LEFT + (time - part.from) / (part.until - part.from) * (WIDTH - LEFT);
	const begin = x(drill.time), end = x(drill.time + drill.seconds);
	return svg("svg", { class: "around", role: "img", viewBox: `0 0 ${WIDTH} ${height}`,
		"aria-label": "Traffic, latency and loss of the tunnel around the cut" },
		svg("rect", { class: "cut", x: begin, y: 0, width: Math.max(2, end - begin),
			height: height - GAP + 4 }),
		...CURVES.map((c, i) => curve(c, part, i * (HEIGHT + GAP))),
		svg("text", { class: "soft", x: LEFT, y: height - 4 },
			`from ${Math.round(drill.time - part.from)} s before the cut to ` +
			`${Math.round(part.until - drill.time - drill.seconds)} s behind it`));
}
