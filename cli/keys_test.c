/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keys: the keys are WireGuard's, their files nobody else's, and no secret is said or written where
 * others could read it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "keys.h"
#include "scratch.h"
#include "util.h"

/* RFC 7748 section 6.1: Alice's. */
#define PRIVATE "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo="
#define PUBLIC "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo="

static char out_text[512], err_text[512];

static void take(FILE *f, char *out, size_t size)
{
	rewind(f);
	out[fread(out, 1, size - 1, f)] = '\0';
	fclose(f);
}

/* Runs "VERB FILE REST"; what it writes is in out_text and err_text. */
static int run(const char *verb, const char *file, const char *rest, mode_t mode)
{
	char *text = xasprintf("%s %s %s", verb, file ? scratch_at(file) : "", rest);
	struct cli_session s = {.grammar = &cli_commands};
	int status;

	s.out = tmpfile();
	s.err = tmpfile();
	assert_int_equal(fchmod(fileno(s.out), mode), 0);
	status = session_run(&s, text);
	take(s.out, out_text, sizeof(out_text));
	take(s.err, err_text, sizeof(err_text));
	free(text);
	return status;
}

static mode_t mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(stat(scratch_at(name), &st), 0);
	return st.st_mode & 07777;
}

/* A new file each, which only its owner reads, and the public key is what is said. */
static void test_files(void **state)
{
	uint8_t key[WG_KEY_BYTES], first[WG_KEY_BYTES];
	char public[WG_KEY_STRLEN];

	umask(0);
	assert_int_equal(run("genkey", "a", "", 0600), 0);
	assert_int_equal(mode_of("a"), 0600);
	assert_int_equal(strlen(scratch_text("a")), 45);
	assert_string_equal(scratch_text("a") + 44, "\n");
	assert_int_equal(strlen(out_text), 45);
	out_text[44] = '\0';
	assert_int_equal(sodium_base642bin(first, 32, scratch_text("a"), 44, NULL, NULL, NULL,
					   sodium_base64_VARIANT_ORIGINAL),
			 0);
	assert_int_equal(first[0] & 7, 0);
	assert_int_equal(first[31] & 0xc0, 0x40);
	keys_public(first, public);
	assert_string_equal(out_text, public);
	/* What is there stays, unless that is said. */
	assert_int_equal(run("genkey", "a", "", 0600), -1);
	assert_non_null(strstr(err_text, "is there; `overwrite` replaces it"));
	assert_string_equal(out_text, "");
	assert_int_equal(run("pubkey", "a", "", 0600), 0);
	out_text[44] = '\0';
	assert_string_equal(out_text, public);
	assert_int_equal(run("genkey", "a", "overwrite", 0600), 0);
	assert_int_equal(wg_key_parse(strtok((char *)scratch_text("a"), "\n"), key), 0);
	assert_memory_not_equal(key, first, sizeof(key));
	/* Nothing is said of a secret that two ends share. */
	assert_int_equal(run("genpsk", "p", "", 0600), 0);
	assert_string_equal(out_text, "");
	assert_int_equal(mode_of("p"), 0600);
	assert_int_equal(strlen(scratch_text("p")), 45);
	assert_int_equal(run("genkey", "none/a", "", 0600), -1);
	assert_non_null(strstr(err_text, "none/a: No such file or directory"));
}

/* Without a file's name, as wg(8) does; but into no file that others may read. */
static void test_standard_output(void **state)
{
	static const char *const verbs[] = {"genkey", "genpsk"};
	uint8_t key[WG_KEY_BYTES];

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		assert_int_equal(run(verbs[i], NULL, "", 0600), 0);
		out_text[44] = '\0';
		assert_int_equal(wg_key_parse(out_text, key), 0);
		assert_int_equal(run(verbs[i], NULL, "", 0640), -1);
		assert_string_equal(out_text, "");
		assert_non_null(strstr(err_text, "others may read this file"));
	}
}

static void test_public_key(void **state)
{
	int fds[2], saved = dup(STDIN_FILENO);

	scratch_put("k", PRIVATE "\n");
	assert_int_equal(run("pubkey", "k", "", 0644), 0);
	assert_string_equal(out_text, PUBLIC "\n");
	scratch_put("k", PRIVATE "\n");
	assert_int_equal(chmod(scratch_at("k"), 0640), 0);
	assert_int_equal(run("pubkey", "k", "", 0600), -1);
	assert_non_null(strstr(err_text, "mode 0640"));
	scratch_put("k", "nonsense\n");
	assert_int_equal(run("pubkey", "k", "", 0600), -1);
	assert_non_null(strstr(err_text, "holds no key"));
	assert_null(strstr(err_text, "nonsense"));
	for (int good = 0; good < 2; good++) {
		assert_int_equal(pipe(fds), 0);
		dprintf(fds[1], "%s\n", good ? PRIVATE : "nonsense");
		close(fds[1]);
		dup2(fds[0], STDIN_FILENO);
		close(fds[0]);
		assert_int_equal(run("pubkey", NULL, "", 0644), good ? 0 : -1);
		assert_string_equal(out_text, good ? PUBLIC "\n" : "");
		assert_null(strstr(err_text, "nonsense"));
	}
	dup2(saved, STDIN_FILENO);
	close(saved);
}

static int begin(void **state)
{
	return scratch_open() && sodium_init() >= 0 ? 0 : -1;
}

static int end(void **state)
{
	return scratch_close();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_standard_output),
		cmocka_unit_test(test_public_key),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
