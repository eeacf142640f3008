/* SPDX-License-Identifier: BSD-2-Clause */
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "util.h"

static char dir[32];

bool scratch_open(void)
{
	static const char *const tops[] = {"/dev/shm", "/tmp"};

	for (unsigned i = 0; i < ARRAY_SIZE(tops); i++) {
		snprintf(dir, sizeof(dir), "%s/wgbgp_test.XXXXXX", tops[i]);
		if (mkdtemp(dir))
			return true;
	}
	return false;
}

static int remove_all(const char *what)
{
	char *command = xasprintf("rm -rf %s%s", dir, what);
	int status = system(command);

	free(command);
	return status;
}

int scratch_empty(void)
{
	return remove_all("/*");
}

int scratch_close(void)
{
	return remove_all("");
}

const char *scratch_dir(void)
{
	return dir;
}

const char *scratch_at(const char *name)
{
	static char path[4][128];
	static unsigned next;
	char *out = path[next++ % 4];

	snprintf(out, 128, "%s/%s", dir, name);
	return out;
}

void scratch_put(const char *name, const char *text)
{
	FILE *f = fopen(scratch_at(name), "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(scratch_at(name), 0600);
}

const char *scratch_text(const char *name)
{
	static char text[2][65536];
	static unsigned next;
	char *out = text[next++ % 2];
	FILE *f = fopen(scratch_at(name), "re");

	if (!f)
		return "(none)";
	out[fread(out, 1, sizeof(text[0]) - 1, f)] = '\0';
	fclose(f);
	return out;
}
