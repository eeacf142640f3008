/* SPDX-License-Identifier: BSD-2-Clause */
#include "change_offer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "buf.h"
#include "change_journal.h"
#include "change_store.h"
#include "conf.h"
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

static void add_text(struct conf_texts *texts, const char *path, struct wr *text)
{
	size_t len = text->len;

	wr_u8(text, '\0');
	conf_texts_add(texts, path, (char *)text->data, len);
	*text = (struct wr){0};
}

static void say_refused(int err, const char *path, char *why, size_t size)
{
	snprintf(why, size, "%s" CHANGE_FILES_EDIT ": %s", path,
		 err == -EPERM	   ? "it is not the client's"
		 : err == -EBADMSG ? "it is not what the client wrote"
				   : strerror(-err));
}

/* The file as it is, which has to be as the client read it, or as it has written it. */
static int read_one(const struct change_offer *offer, const json_t *file, struct conf_texts *texts,
		    struct change_files *files, char *why, size_t size)
{
	const char *path = conf_str(file, "path", "");
	const char *fresh = hash_in(offer->files, path);
	struct wr text = {0};
	struct stat st;
	int err = change_files_read(path, &text, &st);

	snprintf(why, size, "%s: %s", path, strerror(-err));
	if (!err && !has_hash(&text, conf_str(file, "sha256", ""))) {
		say_changed(path, &text, &st, why, size);
		err = -ESTALE;
	}
	if (!err && fresh) {
		text.len = 0;
		err = change_files_offer(files, path, offer->uid, &text);
		if (!err && !has_hash(&text, fresh))
			err = -EBADMSG;
		say_refused(err, path, why, size);
	}
	if (!err)
		add_text(texts, path, &text);
	wr_free(&text);
	return err;
}

int change_offer_read(const struct change_offer *offer, struct conf_texts *texts,
		      struct change_files *files, char *why, size_t size)
{
	const char *first = conf_str(json_array_get(offer->base, 0), "path", "");
	json_t *file;
	size_t i;
	int err = 0;

	if (!str_eq(first, datastore_path())) {
		snprintf(why, size, "the configuration is %s", datastore_path());
		return -EINVAL;
	}
	json_array_foreach (offer->base, i, file)
		if ((err = read_one(offer, file, texts, files, why, size)))
			break;
	if (err) {
		change_files_abort(files);
		conf_texts_free(texts);
	}
	return err;
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
