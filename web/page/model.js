// SPDX-License-Identifier: BSD-2-Clause
// The tunnels as the last answer said, and what is made of several answers: rates and the small
// curves. Memory is bounded: so many numbers a tunnel, and none for one that is gone.

import { pathOf } from "./dom.js";

const POINTS = 120, STEP_MS = 10000; // as many, and as far apart, as in an answer of `curves`
const MISSED = 3; // steps: was the page asleep?

export const tunnels = new Map(); // key: entry, in the order of the answer
export const keyOf = (t) => `${t.interface} ${t.peer}`;

const stepOf = (now) => POINTS + Math.floor(now / STEP_MS); // never negative, nor are those before

class Curve {
	constructor() {
		this.values = new Float32Array(POINTS).fill(NaN);
		this.last = 0; // step of the newest value
	}

	put(step, value) {
		for (let at = Math.max(this.last + 1, step - POINTS + 1); at <= step; at++)
			this.values[at % POINTS] = NaN;
		this.values[step % POINTS] = value ?? NaN;
		this.last = step;
	}

	// Where nothing is known, what was kept: the newest one is of the last step.
	fill(kept) {
		kept.slice(-POINTS).reverse().forEach((value, i) => {
			const at = (this.last - i) % POINTS;
			if (Number.isNaN(this.values[at]))
				this.values[at] = value ?? NaN;
		});
	}

	path(width, height, least) {
		const from = (this.last + 1) % POINTS; // the oldest one
		return pathOf([...this.values.subarray(from), ...this.values.subarray(0, from)], width,
			height, least);
	}
}

function entryNew(t) {
	return { t, at: 0, index: 0, counted: null, rx: null, tx: null, asked: false, // its curves
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
	const seen = new Set(), step = stepOf(now);
	list.forEach((t, index) => {
		const key = keyOf(t);
		let entry = tunnels.get(key);
		if (!entry)
			tunnels.set(key, entry = entryNew(t));
		takeRates(entry, t, now);
		const alive = t.state !== "down" && t.state !== "never";
		if (step - entry.loss.last > MISSED)
			entry.asked = false;
		entry.latency.put(step, alive ? t["latency-ms"] : null);
		entry.loss.put(step, t["loss-percent"]);
		Object.assign(entry, { t, at: now, index });
		seen.add(key);
	});
	for (const key of tunnels.keys())
		if (!seen.has(key))
			tunnels.delete(key);
}

// What wgbgp-web kept of before.
export function takeCurves(list) {
	for (const kept of list) {
		const entry = tunnels.get(keyOf(kept));
		entry?.latency.fill(kept["latency-ms"]);
		entry?.loss.fill(kept["loss-percent"]);
	}
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
