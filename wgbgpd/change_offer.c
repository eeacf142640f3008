/* SPDX-License-Identifier: BSD-2-Clause */
#include "change_offer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "buf.h"
#include "change_journal.h"
#include "change_place.h"
#include "change_store.h"
#include "conf.h"
#include "conf_check.h"
#include "conf_parse.h"
#include "util.h"

/* Those of LIST that belong to PATH; NULL: it is not in it. */
static const char *hash_in(const json_t *list, const char *path)
{
	json_t *file;
	size_t i;

	json_array_foreach (list, i, file)
		if (str_eq(conf_str(file, "path", ""), path))
			return conf_str(file, "sha256", "");
	return NULL;
}

static bool has_hash(const struct wr *text, const char *hash)
{
	char hex[CONF_HASH_HEX];

	conf_texts_hash(text->data, text->len, hex);
	return str_eq(hex, hash);
}

/* The text is the one that was committed last. */
static bool is_committed(const char *path, const struct wr *text)
{
	struct conf_texts texts = {0};
	const struct conf_text *t;
	bool same = false;

	if (change_journal.committed && change_store_get(change_journal.committed, &texts) == 0) {
		t = conf_texts_find(&texts, path);
		same = t && t->len == text->len && memcmp(t->text, text->data, t->len) == 0;
	}
	conf_texts_free(&texts);
	return same;
}

static void say_changed(const char *path, const struct wr *text, const struct stat *st, char *why,
			size_t size)
{
	const json_t *record = change_index_find(&change_journal, change_journal.committed);
	const char *login = conf_str(record, "login", NULL);
	long long past_s = time(NULL) - st->st_mtime, age_s = past_s > 0 ? past_s : 0;

	if (record && is_committed(path, text))
		snprintf(why, size, "%s was changed %lld s ago: it is that of commit %u (%s%s%s)",
			 path, age_s, change_journal.committed, conf_str(record, "how", ""),
			 login ? " of " : "", login ? login : "");
	else
		snprintf(why, size, "%s was edited %lld s ago", path, age_s);
}

static void say_refused(int err, const char *path, char *why, size_t size)
{
	snprintf(why, size, "%s" CHANGE_FILES_EDIT ": %s", path,
		 err == -EPERM	   ? "it is not the client's"
		 : err == -EBADMSG ? "it is not what the client wrote"
				   : change_place_error(err));
}

/* Where the text of a file comes from. */
struct offered {
	const struct change_offer *offer;
	struct change_files *files;
};

/* The new text in place of the old one. */
static int take_fresh(const struct offered *o, const char *path, struct wr *text,
		      struct conf_reader *r)
{
	int err;

	text->len = 0;
	err = change_files_offer(o->files, path, hash_in(o->offer->base, path), o->offer->uid,
				 text);
	if (!err && !has_hash(text, hash_in(o->offer->files, path)))
		err = -EBADMSG;
	if (err)
		say_refused(err, path, r->why, sizeof(r->why));
	return err;
}

/* The file as it is, which has to be as the client read it, or as it has written it. */
static int read_one(const struct offered *o, const char *path, struct wr *text,
		    struct conf_reader *r)
{
	const char *base = hash_in(o->offer->base, path);
	struct stat st;
	int err;

	if (!base)
		return -ENOENT;
	err = change_files_read(path, text, &st);
	if (!err && !has_hash(text, base)) {
		say_changed(path, text, &st, r->why, sizeof(r->why));
		return -ESTALE;
	}
	if (!err && hash_in(o->offer->files, path))
		err = take_fresh(o, path, text, r);
	return err;
}

static char *read_offered(struct conf_reader *r, const char *path, size_t *len)
{
	struct wr text = {0};
	int err = read_one(r->arg, path, &text, r);

	if (err) {
		wr_free(&text);
		errno = -err;
		return NULL;
	}
	*len = text.len;
	wr_u8(&text, '\0');
	return (char *)text.data;
}

struct datastore_version *change_offer_read(const struct change_offer *offer,
					    struct change_files *files, struct conf_errors *errs)
{
	const char *first = conf_str(json_array_get(offer->base, 0), "path", "");
	const struct offered offered = {offer, files};
	struct conf_reader reader = {.read = read_offered, .arg = &offered};

	if (str_eq(first, datastore_path()))
		return datastore_read_by(&reader, CONF_CHECK_FILES, errs);
	conf_error(errs, NULL, "the configuration is %s", datastore_path());
	return NULL;
}

json_t *change_offer_base(void)
{
	json_t *list = json_array();
	struct conf_texts texts = {0};
	char hex[CONF_HASH_HEX];

	if (change_journal.committed && change_store_get(change_journal.committed, &texts) == 0)
		for (size_t i = 0; i < texts.n; i++) {
			conf_texts_hash(texts.v[i].text, texts.v[i].len, hex);
			json_array_append_new(list, json_pack("{s:s, s:s}", "path", texts.v[i].path,
							      "sha256", hex));
		}
	conf_texts_free(&texts);
	return list;
}
