/* SPDX-License-Identifier: BSD-2-Clause */
#include "import.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf_load.h"
#include "conf_schema.h"
#include "import_keys.h"
#include "import_live.h"
#include "import_quick.h"
#include "import_text.h"
#include "new_file.h"
#include "table.h"
#include "util.h"

#define DEFAULT_KEYS "/etc/wgbgp/keys"
#define OUTPUT_MODE 0600

struct import_what {
	bool running; /* else files */
	char **names; /* of files; of interfaces: none for all of them */
	size_t n;
	const char *output, *keys; /* NULL: not said */
	bool overwrite;
};

/* ---- where to */

static char *absolute(const char *path)
{
	char *real = realpath(path, NULL), *here, *whole;

	if (real || *path == '/')
		return real ? real : xstrdup(path);
	here = get_current_dir_name();
	whole = xasprintf("%s/%s", here ? here : "", path);
	free(here);
	return whole;
}

/* Where nothing is said: beside what is written, or what was read. */
static char *keys_dir(const struct import_what *what)
{
	const char *beside = what->output ? what->output : what->running ? NULL : what->names[0];
	char *copy, *dir;

	if (what->keys || !beside)
		return absolute(what->keys ? what->keys : DEFAULT_KEYS);
	copy = xstrdup(beside);
	dir = absolute(dirname(copy));
	free(copy);
	return dir;
}

static bool may_write_output(struct import *im, const struct import_what *what)
{
	if (!what->output || what->overwrite || access(what->output, F_OK) < 0)
		return true;
	import_note(im, IMPORT_ERROR, what->output, 0, "is there; --overwrite replaces it");
	return false;
}

static bool write_output(struct import *im, const struct import_what *what, const char *text,
			 FILE *out)
{
	int err;

	if (!what->output) {
		fputs(text, out);
		return true;
	}
	err = new_file_put_at(AT_FDCWD, what->output, text, strlen(text), OUTPUT_MODE);
	if (err)
		import_note(im, IMPORT_ERROR, what->output, 0, "%s", strerror(-err));
	return !err;
}

/* ---- what of it */

/* As wgbgpd would. Warnings are said and no hindrance. */
static bool is_configuration(const char *name, const char *text, FILE *err)
{
	struct conf_errors errs = {0};
	struct ly_ctx *ctx = conf_schema_load(conf_schema_dir(), &errs);
	struct conf_loaded loaded = {0};
	bool ok = ctx && conf_load_text(ctx, name, text, strlen(text), 0, &loaded, &errs);

	conf_errors_print(&errs, err);
	conf_errors_free(&errs);
	conf_loaded_free(&loaded);
	ly_ctx_destroy(ctx);
	return ok;
}

static bool carry_over(struct import *im, const struct import_what *what, FILE *out, FILE *err)
{
	char *dir = keys_dir(what), *text = import_text(im, dir);
	bool ok = is_configuration(what->output ? what->output : "import", text, err) &&
		  import_keys_write(im, dir, what->overwrite) && write_output(im, what, text, out);

	free(text);
	free(dir);
	return ok;
}

static void remark_next(struct import *im)
{
	for (size_t i = 0; i < im->n_ifs; i++) {
		const struct import_interface *f = &im->ifs[i];

		import_note(im, IMPORT_REMARK, NULL, 0,
			    "%s: when wgbgp has it, what set it up so far is to be disabled, and "
			    "not stopped, which would remove it: `systemctl disable wg-quick@%s`",
			    f->name, f->name);
		if (!*f->private_key)
			import_note(
				im, IMPORT_REMARK, NULL, 0,
				"%s: no private key is known: give it a private-key-file, or it "
				"has none when it is made anew",
				f->name);
		if (f->routes)
			import_note(
				im, IMPORT_REMARK, NULL, 0,
				"%s: routes that others made for it stay, in front of ours, until "
				"somebody removes them",
				f->name);
	}
}

static int import_do(const struct import_what *what, FILE *out, FILE *err)
{
	struct import im = {0};
	bool ok = may_write_output(&im, what);

	if (ok && what->running)
		import_live(&im, what->names, what->n);
	for (size_t i = 0; ok && !what->running && i < what->n; i++)
		import_quick_file(&im, what->names[i]);
	import_finish(&im);
	ok = ok && !im.errors && carry_over(&im, what, out, err);
	if (ok)
		remark_next(&im);
	fflush(out);
	import_notes_print(&im, err);
	import_free(&im);
	return ok ? 0 : -1;
}

/* ---- as a program, as a command */

static int import_usage(void)
{
	fputs("usage: wgbgp-cli import wg-quick FILE... [OPTION]...\n"
	      "       wgbgp-cli import running [INTERFACE]... [OPTION]...\n"
	      "options: --output FILE, --overwrite, --keys DIR\n",
	      stderr);
	return 2;
}

int import_main(int argc, char **argv)
{
	static const struct option options[] = {{"output", required_argument, NULL, 'o'},
						{"overwrite", no_argument, NULL, 'w'},
						{"keys", required_argument, NULL, 'k'},
						{0}};
	struct import_what what = {0};
	int opt, err;

	optind = 0; /* of glibc: from the start */
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'o')
			what.output = optarg;
		else if (opt == 'w')
			what.overwrite = true;
		else if (opt == 'k')
			what.keys = optarg;
		else
			return import_usage();
	}
	what.running = optind < argc && str_eq(argv[optind], "running");
	if (!what.running && (optind + 1 >= argc || !str_eq(argv[optind], "wg-quick")))
		return import_usage();
	what.names = argv + optind + 1;
	what.n = argc - optind - 1;
	err = import_do(&what, stdout, stderr);
	return err || fflush(stdout) != 0 ? 1 : 0;
}

int import_command(struct cli_session *s, const struct cli_line *line)
{
	char *file = (char *)str_of(line->request, "file");
	const char *output = str_of(line->request, "output");
	bool running = str_eq(str_of(line->request, "source"), "running");
	struct import_what what = {.running = running,
				   .names = &file,
				   .n = !running,
				   .output = *output ? output : NULL,
				   .overwrite = is_true(line->request, "overwrite")};

	return import_do(&what, s->out, s->err);
}
