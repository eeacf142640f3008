/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * messages_fuzz: the decoders of the messages between our processes.
 *
 * The first byte chooses the message, the rest is its body. What a decoder takes must encode to
 * something that it takes again and that encodes to the same bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "messages_again.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct again_row *row;
	struct wr once = {0}, twice = {0};

	if (size < 1)
		return 0;
	row = &again_rows[data[0] % ARRAY_SIZE(again_rows)];
	if (row->again(data + 1, size - 1, &once) == 0) {
		ensure(row->again(once.data, once.len, &twice) == 0);
		ensure(once.len == twice.len);
		ensure(once.len == 0 || memcmp(once.data, twice.data, once.len) == 0);
	}
	wr_free(&once);
	wr_free(&twice);
	return 0;
}
