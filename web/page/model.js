// SPDX-License-Identifier: BSD-2-Clause
// The tunnels as the last answer said, and what is made of several answers: rates and the last
// points of the small curves. Memory is bounded: so many numbers a tunnel, and none for one that is
// gone.

const POINTS = 60;

export const tunnels = new Map(); // key: entry, in the order of the answer
export const keyOf = (t) => `${t.interface} ${t.peer}`;

class Curve {
	constructor() {
		this.values = new Float32Array(POINTS).fill(NaN);
		this.next = 0;
	}

	add(value) {
		this.values[this.next] = value ?? NaN;
		this.next = (this.next + 1) % POINTS;
	}

	// Points of a path in a box of the size; what is unknown leaves a gap.
	path(width, height, least) {
		let top = least;
		for (const v of this.values)
			if (v > top)
				top = v;
		let d = "";
		let pen = false;
		for (let i = 0; i < POINTS; i++) {
			const v = this.values[(this.next + i) % POINTS];
			if (Number.isNaN(v)) {
				pen = false;
				continue;
			}
			const x = Math.round(i * width / (POINTS - 1) * 10) / 10;
			const y = Math.round((height - 1 - v / top * (height - 2)) * 10) / 10;
			d += `${pen ? "L" : "M"}${x} ${y}`;
			pen = true;
		}
		return d;
	}
}

function entryNew(t) {
	return { t, at: 0, index: 0, counted: null, rx: null, tx: null,
		latency: new Curve(), loss: new Curve() };
}

// Counters are read by the daemon now and then; a rate is over the time between two readings.
function takeRates(entry, t, now) {
	const at = now / 1000 - (t["counters-seconds"] ?? 0);
	const before = entry.counted;
	if (before && at - before.at < 0.5)
		return;
	const more = before && t["rx-bytes"] >= before.rx && t["tx-bytes"] >= before.tx;
	entry.rx = more ? (t["rx-bytes"] - before.rx) / (at - before.at) : null;
	entry.tx = more ? (t["tx-bytes"] - before.tx) / (at - before.at) : null;
	entry.counted = { at, rx: t["rx-bytes"], tx: t["tx-bytes"] };
}

export function take(list, now) {
	const seen = new Set();
	list.forEach((t, index) => {
		const key = keyOf(t);
		let entry = tunnels.get(key);
		if (!entry)
			tunnels.set(key, entry = entryNew(t));
		takeRates(entry, t, now);
		const alive = t.state !== "down" && t.state !== "never";
		entry.latency.add(alive ? t["latency-ms"] : null);
		entry.loss.add(t["loss-percent"]);
		Object.assign(entry, { t, at: now, index });
		seen.add(key);
	});
	for (const key of tunnels.keys())
		if (!seen.has(key))
			tunnels.delete(key);
}

// An age of the last answer, as it is now.
export function ageNow(entry, member, now) {
	const then = entry.t[member];
	return then === null || then === undefined ? null : then + (now - entry.at) / 1000;
}

export function counts() {
	const of = {};
	for (const { t } of tunnels.values())
		of[t.state] = (of[t.state] ?? 0) + 1;
	return of;
}
