/* SPDX-License-Identifier: BSD-2-Clause */
#include "plain.h"

#include <string.h>

size_t plain_control(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;

	if (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0)
		return 2;
	return *c && (*c < 0x20 || *c == 0x7f);
}

void plain_text(char *text)
{
	while (*text) {
		size_t n = plain_control(text);

		memset(text, '?', n);
		text += n ? n : 1;
	}
}
