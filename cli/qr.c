/* SPDX-License-Identifier: BSD-2-Clause */
#include "qr.h"

#include "config.h"

#include <errno.h>
#include <stddef.h>

#ifdef HAVE_QRENCODE

#include <qrencode.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "util.h"

#define MARGIN 4 /* modules; ISO 18004 section 6.3.8 */
#define WHITE_ON_BLACK "\033[40;37;1m"
#define AS_BEFORE "\033[0m"
#define PER_MODULE 32 /* bytes, at most */

static bool is_dark(const QRcode *code, int x, int y)
{
	bool inside = x >= 0 && y >= 0 && x < code->width && y < code->width;

	return inside && (code->data[y * code->width + x] & 1);
}

/* A string of its own memory, which PUT fills: no stream leaves copies of it. NULL with errno. */
static char *draw(const char *text, void (*put)(const QRcode *code, char *out, bool colour),
		  bool colour)
{
	QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
	size_t side;
	char *out;

	if (!code)
		return NULL;
	side = code->width + 2 * MARGIN + 2;
	out = xcalloc(side * side, PER_MODULE);
	put(code, out, colour);
	sodium_memzero(code->data, (size_t)code->width * code->width);
	QRcode_free(code);
	return out;
}

static void put_blocks(const QRcode *code, char *out, bool colour)
{
	static const char *const blocks[] = {"\u2588", "\u2580", "\u2584",
					     " "}; /* dark: below, above */
	int end = code->width + MARGIN;

	for (int y = -MARGIN; y < end; y += 2) {
		out = stpcpy(out, colour ? WHITE_ON_BLACK : "");
		for (int x = -MARGIN; x < end; x++) {
			bool below = y + 1 >= end || is_dark(code, x, y + 1);

			out = stpcpy(out, blocks[2 * is_dark(code, x, y) + below]);
		}
		out = stpcpy(out, colour ? AS_BEFORE "\n" : "\n");
	}
}

char *qr_blocks(const char *text, bool colour)
{
	return draw(text, put_blocks, colour);
}

static void put_svg(const QRcode *code, char *out, bool colour)
{
	int side = code->width + 2 * MARGIN;

	(void)colour;
	out += sprintf(out,
		       "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
		       "shape-rendering=\"crispEdges\">\n"
		       "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n<path d=\"",
		       side, side);
	for (int y = 0; y < code->width; y++)
		for (int x = 0; x < code->width; x++)
			if (is_dark(code, x, y))
				out += sprintf(out, "M%d %dh1v1h-1z", x + MARGIN, y + MARGIN);
	strcpy(out, "\"/>\n</svg>\n");
}

char *qr_svg(const char *text)
{
	return draw(text, put_svg, false);
}

#else

char *qr_blocks(const char *text, bool colour)
{
	(void)text;
	(void)colour;
	errno = ENOSYS;
	return NULL;
}

char *qr_svg(const char *text)
{
	return qr_blocks(text, false);
}

#endif
