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

size_t plain_utf8_length(const char *text, size_t len)
{
	const unsigned char *c = (const unsigned char *)text;
	static const struct {
		unsigned char first, last; /* of the first byte */
		unsigned char low, high;   /* of the second one */
		unsigned char n;
	} rows[] = {
		{0x00, 0x7f, 0, 0, 1},	     {0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (*c < rows[i].first || *c > rows[i].last)
			continue;
		if (rows[i].n > len ||
		    (len > 1 && rows[i].n > 1 && (c[1] < rows[i].low || c[1] > rows[i].high)))
			return 0;
		for (size_t k = 2; k < rows[i].n; k++)
			if ((c[k] & 0xc0) != 0x80)
				return 0;
		return rows[i].n;
	}
	return 0;
}

void plain_utf8(char *text)
{
	for (size_t len = strlen(text), n; len; len -= n, text += n) {
		n = plain_utf8_length(text, len);
		if (n == 0)
			text[0] = '?';
		n += n == 0;
	}
}
