/* SPDX-License-Identifier: BSD-2-Clause */
#include "util.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *p)
{
	if (!p)
		fatal_at("malloc", "out of memory");
	return p;
}

void *xmalloc(size_t size)
{
	return checked(malloc(size ? size : 1));
}

void *xcalloc(size_t n, size_t size)
{
	return checked(calloc(n ? n : 1, size ? size : 1));
}

void *xrealloc(void *p, size_t size)
{
	return checked(realloc(p, size ? size : 1));
}

enum { ARRAY_FIRST = 16 }; /* items of an array that is new */

void *xdouble(void *array, size_t *cap, size_t size)
{
	*cap = *cap ? *cap * 2 : ARRAY_FIRST;
	return xrealloc(array, *cap * size);
}

char *xstrdup(const char *s)
{
	return checked(strdup(s));
}

char *xvasprintf(const char *fmt, va_list ap)
{
	char *out;

	return vasprintf(&out, fmt, ap) < 0 ? checked(NULL) : out;
}

char *xasprintf(const char *fmt, ...)
{
	char *out;
	va_list ap;

	va_start(ap, fmt);
	out = xvasprintf(fmt, ap);
	va_end(ap);
	return out;
}

bool str_copy(char *dst, const char *src, size_t size)
{
	size_t len = strlen(src);
	bool fits = len < size;

	if (!fits)
		len = size - 1;
	memcpy(dst, src, len);
	dst[len] = '\0';
	return fits;
}

char *put_decimal(char *at, uint64_t v)
{
	char digits[20], *first = digits + sizeof(digits);
	size_t len;

	do
		*--first = '0' + v % 10;
	while (v /= 10);
	len = digits + sizeof(digits) - first;
	memcpy(at, first, len);
	return at + len;
}

uint16_t internet_checksum(const uint8_t *data, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}
