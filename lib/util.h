/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * util: what every file may need: fatal ends, allocation that cannot fail, small helpers.
 *
 * Running out of memory or breaking an invariant of our own is fatal and names the function. What a
 * remote sends is never fatal: such code returns a negative errno instead.
 */
#ifndef WGBGP_UTIL_H
#define WGBGP_UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

/* Ends the program with SIGABRT after one log line; FUNC is the place that found the broken state
 * (log.c: it needs no more than the log). */
_Noreturn void fatal_at(const char *func, const char *fmt, ...) PRINTF_LIKE(2, 3);
#define fatal(...) fatal_at(__func__, __VA_ARGS__)
#define ensure(cond)                                          \
	do {                                                  \
		if (!(cond))                                  \
			fatal("broken invariant: %s", #cond); \
	} while (0)

/* Allocation; never NULL. The caller owns the memory and releases it with free(). */
void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
void *xdouble(void *array, size_t *cap, size_t size);
char *xstrdup(const char *s);
char *xasprintf(const char *fmt, ...) PRINTF_LIKE(1, 2);
char *xvasprintf(const char *fmt, va_list ap) PRINTF_LIKE(1, 0);

/*
 * Room for another item behind N items of SIZE bytes: returns ARRAY, or an array of twice the
 * length that replaces it. *CAP counts items; begin with NULL and *CAP 0.
 */
static inline void *xgrow(void *array, size_t n, size_t *cap, size_t size)
{
	return n < *cap ? array : xdouble(array, cap, size);
}

/* Copies SRC into DST of SIZE bytes, always terminated; false when it did not fit. */
bool str_copy(char *dst, const char *src, size_t size);

/* Writes the decimal digits of V, at most 20, unterminated; returns where they end. */
char *put_decimal(char *at, uint64_t v);

/* RFC 1071, as a number: the Internet checksum of DATA. */
uint16_t internet_checksum(const uint8_t *data, size_t len);

static inline bool str_eq(const char *a, const char *b)
{
	return __builtin_strcmp(a, b) == 0;
}

#endif
