// SPDX-License-Identifier: BSD-2-Clause
// The events of wgbgp-web as they happen (server-sent events). What they say is not read: the page
// asks how things are now. There are a few places only; who gets none tries again.

const AGAIN_MS = 30000;

let source = null, timer = null;

export const isOpen = () => source?.readyState === EventSource.OPEN;

// CHANGED is called when the stream is open, since what was before is not told, with each event,
// and when the stream ends.
export function listen(changed) {
	if (source)
		return;
	clearTimeout(timer);
	source = new EventSource("api/monitor");
	source.addEventListener("open", changed);
	source.addEventListener("message", changed);
	source.addEventListener("error", () => {
		if (source?.readyState === EventSource.CLOSED) { // a break alone it mends by itself
			hush();
			timer = setTimeout(() => listen(changed), AGAIN_MS);
		}
		changed();
	});
}

export function hush() {
	source?.close();
	source = null;
	clearTimeout(timer);
}
