/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The decoder of the userspace socket's answers. What was read, written as a request and read again
 * as an answer, must give the same entries.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "uapi.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The entries of DUMP as a peer's lines of an answer. */
static void write_entries(struct wr *w, const struct wg_dump *dump)
{
	static const uint8_t key[WG_KEY_BYTES];
	static const uint8_t graveyard[WG_KEY_BYTES] = {1};

	for (size_t i = 0; i < dump->n_entries; i++) {
		struct wg_change c = {.key = key, .prefix = dump->entries[i].prefix};

		uapi_put_changes(w, &c, 1, graveyard);
	}
	wr_bytes(w, "errno=0\n\n", 9);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wg_dump dump = {.with_entries = true}, again = {.with_entries = true};
	struct wr w = {0};

	uapi_complete((const char *)data, size);
	if (uapi_read_get((const char *)data, size, &dump) == 0) {
		write_entries(&w, &dump);
		if (uapi_read_get((const char *)w.data, w.len, &again) != 0 ||
		    again.n_entries != dump.n_entries)
			abort();
		for (size_t i = 0; i < dump.n_entries; i++)
			if (!prefix_eq(&again.entries[i].prefix, &dump.entries[i].prefix))
				abort();
	}
	wr_free(&w);
	wg_dump_free(&dump);
	wg_dump_free(&again);
	return 0;
}
