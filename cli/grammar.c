/* SPDX-License-Identifier: BSD-2-Clause */
#include "grammar.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nearest.h"
#include "util.h"

#define LIST_MAX 800 /* letters of a list of choices */

struct token {
	size_t offset, end; /* in the line, quotes included */
	char text[CLI_WORD_MAX];
};

struct tokens {
	struct token at[CLI_TOKENS_MAX];
	size_t n;
};

/* What was said of a row's braces. */
struct said {
	uint32_t phrases; /* bits: the places of their first words */
	size_t next;	  /* place of the word that the last one goes on with; 0: it is whole */
};

/* The rows still possible behind the words read so far. */
struct state {
	const struct cli_grammar *g;
	bool alive[CLI_ROWS_MAX];
	struct said said[CLI_ROWS_MAX];
	size_t pos;
	bool json; /* the last word was `json`: nothing may follow */
};

/* The parts of one row. */
struct pattern {
	struct {
		const char *at;
		size_t len;
		bool first; /* of a phrase in braces */
	} word[CLI_TOKENS_MAX];
	size_t n; /* in front of the braces */
	size_t min, all;
};

static void set_error(struct cli_error *error, size_t offset, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
static void set_error(struct cli_error *error, size_t offset, const char *fmt, ...)
{
	va_list ap;

	error->offset = offset;
	va_start(ap, fmt);
	vsnprintf(error->text, sizeof(error->text), fmt, ap);
	va_end(ap);
}

bool cli_is_placeholder(const struct cli_word *word)
{
	return isupper((unsigned char)word->word[0]);
}

const struct cli_word *cli_find_word(const struct cli_grammar *g, const char *text, size_t len)
{
	for (size_t i = 0; i < g->n_words; i++)
		if (strlen(g->words[i].word) == len && memcmp(g->words[i].word, text, len) == 0)
			return &g->words[i];
	return NULL;
}

static void pattern_of(const char *words, struct pattern *p)
{
	static const char marks[] = " []{},";
	bool optional = false, braces = false, first = false;

	p->n = p->min = p->all = 0;
	while (*words) {
		size_t len = strcspn(words, marks);

		if (!len) {
			optional = optional || *words == '[';
			braces = braces || *words == '{';
			first = first || *words == '{' || *words == ',';
			words++;
			continue;
		}
		ensure(p->all < CLI_TOKENS_MAX);
		p->word[p->all].at = words;
		p->word[p->all].len = len;
		p->word[p->all++].first = first;
		p->n += !braces;
		p->min += !braces && !optional;
		first = false;
		words += len;
	}
}

/* The word at PLACE of the row I may come now. */
static bool may_come(const struct state *s, size_t i, const struct pattern *p, size_t place)
{
	const struct said *said = &s->said[i];

	if (s->pos < p->n)
		return place == s->pos;
	if (said->next)
		return place == said->next;
	return p->word[place].first && !(said->phrases & 1u << place);
}

static bool may_end(const struct state *s, size_t i, const struct pattern *p)
{
	return s->pos >= p->min && !s->said[i].next;
}

/* The next alternative of a pattern's word; CURSOR starts at 0. NULL when there is no more. */
static const struct cli_word *alternative(const struct cli_grammar *g, const struct pattern *p,
					  size_t pos, size_t *cursor)
{
	const char *at = p->word[pos].at + *cursor, *end = p->word[pos].at + p->word[pos].len;
	const struct cli_word *word;
	size_t len = 0;

	if (at == end + 1) /* behind the '|' that does not follow */
		return NULL;
	while (at + len < end && at[len] != '|')
		len++;
	*cursor += len + 1;
	word = cli_find_word(g, at, len);
	if (!word)
		fatal("not in the dictionary: %.*s", (int)len, at);
	return word;
}

static void choices_add(struct cli_choices *c, const struct cli_word *word)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->word[i] == word)
			return;
	if (c->n < CLI_CHOICES_MAX)
		c->word[c->n++] = word;
}

static void add_alternatives(const struct cli_grammar *g, const struct pattern *p, size_t place,
			     struct cli_choices *c)
{
	const struct cli_word *word;
	size_t cursor = 0;

	while ((word = alternative(g, p, place, &cursor)))
		choices_add(c, word);
}

static bool is_synonym(const struct state *s, size_t i)
{
	return s->g->rows[i].flags & CLI_SYNONYM;
}

/* What rows of one kind have at the state's position; the return: may the line take `json`? */
static bool choices_of(const struct state *s, bool synonyms, struct cli_choices *c)
{
	bool json = false;

	for (size_t i = 0; i < s->g->n_rows; i++) {
		const struct cli_row *row = &s->g->rows[i];
		struct pattern p;

		if (!s->alive[i] || s->json || is_synonym(s, i) != synonyms)
			continue;
		pattern_of(row->words, &p);
		if (may_end(s, i, &p)) {
			c->end = true;
			json = json || (row->flags & CLI_SHOW);
		}
		for (size_t place = 0; place < p.all; place++)
			if (may_come(s, i, &p, place))
				add_alternatives(s->g, &p, place, c);
	}
	return json;
}

/* Everything that may stand at the state's position: words of synonyms behind all others. */
static void choices_collect(const struct state *s, struct cli_choices *c)
{
	const struct cli_word *json = cli_find_word(s->g, "json", 4);

	c->n = 0;
	c->end = s->json;
	if (choices_of(s, false, c))
		choices_add(c, json);
	c->own = c->n;
	if (choices_of(s, true, c))
		choices_add(c, json);
	if (!c->own)
		c->own = c->n;
}

static bool is_at(const struct cli_grammar *g, const struct pattern *p, size_t place,
		  const struct cli_word *word)
{
	const struct cli_word *alt;
	size_t cursor = 0;

	while ((alt = alternative(g, p, place, &cursor)))
		if (alt == word)
			return true;
	return false;
}

/* The word at PLACE in the braces was said. */
static void note_said(struct said *said, const struct pattern *p, size_t place)
{
	bool goes_on = place + 1 < p->all && !p->word[place + 1].first;

	said->phrases |= 1u << place;
	said->next = goes_on ? place + 1 : 0;
}

/* The row at I is kept when WORD may come now. */
static bool row_takes(struct state *s, size_t i, const struct cli_word *word)
{
	const struct cli_row *row = &s->g->rows[i];
	struct pattern p;

	pattern_of(row->words, &p);
	if (s->json)
		return (row->flags & CLI_SHOW) && may_end(s, i, &p);
	for (size_t place = 0; place < p.all; place++) {
		if (!may_come(s, i, &p, place) || !is_at(s->g, &p, place, word))
			continue;
		if (place >= p.n)
			note_said(&s->said[i], &p, place);
		return true;
	}
	return false;
}

static void advance(struct state *s, const struct cli_word *word)
{
	s->json = str_eq(word->word, "json");
	for (size_t i = 0; i < s->g->n_rows; i++)
		s->alive[i] = s->alive[i] && row_takes(s, i, word);
	s->pos += !s->json;
}

/* As much of it as there is room for. */
static void grammar_append(char *out, size_t size, const char *text)
{
	size_t len = strlen(out);

	snprintf(out + len, size - len, "%s", text);
}

/* Appends the words that begin with PREFIX. */
static void list_choices(const struct cli_choices *c, const char *prefix, char *out, size_t size)
{
	for (size_t i = 0; i < c->own; i++) {
		const char *word = c->word[i]->word;

		if (cli_is_placeholder(c->word[i]) ? *prefix != '\0'
						   : strncmp(word, prefix, strlen(prefix)) != 0)
			continue;
		grammar_append(out, size, *out ? ", " : "");
		grammar_append(out, size, word);
	}
}

/* The only one of the choices from FROM to END that begins like that, or is it; HITS: how many. */
static const struct cli_word *keyword_of(const struct cli_choices *c, size_t from, size_t end,
					 const char *text, size_t *hits)
{
	const struct cli_word *found = NULL;

	*hits = 0;
	for (size_t i = from; i < end; i++) {
		if (cli_is_placeholder(c->word[i]) ||
		    strncmp(c->word[i]->word, text, strlen(text)) != 0)
			continue;
		found = c->word[i];
		++*hits;
		if (str_eq(found->word, text)) {
			*hits = 1;
			break;
		}
	}
	return found;
}

/* A synonym's word is abbreviated only as no other one is, but counts in full. */
static const struct cli_word *pick_keyword(const struct cli_choices *c, const struct token *t,
					   struct cli_error *error)
{
	const struct cli_word *own, *synonym;
	char list[LIST_MAX] = "";
	size_t hits, others;

	own = keyword_of(c, 0, c->own, t->text, &hits);
	synonym = keyword_of(c, c->own, c->n, t->text, &others);
	if (synonym && (!own || str_eq(synonym->word, t->text)) && others == 1)
		return synonym;
	if (hits <= 1)
		return own;
	list_choices(c, t->text, list, sizeof(list));
	set_error(error, t->offset, "\"%s\" is ambiguous: %s", t->text, list);
	return NULL;
}

static const struct cli_word *pick_placeholder(const struct cli_choices *c, const struct token *t)
{
	for (size_t i = 0; i < c->n; i++)
		if (cli_is_placeholder(c->word[i]) &&
		    (!c->word[i]->check || c->word[i]->check(t->text)))
			return c->word[i];
	return NULL;
}

/* "did you mean X? " where a word is near. */
static void guess(const struct cli_choices *c, const char *typed, char *out, size_t size)
{
	struct nearest n = {.typed = typed};

	for (size_t i = 0; i < c->n; i++)
		if (!cli_is_placeholder(c->word[i]))
			nearest_offer(&n, c->word[i]->word);
	if (n.word)
		snprintf(out, size, "did you mean %s? ", n.word);
}

/* Which word of the language the token is; NULL with an error. */
static const struct cli_word *pick(const struct state *s, const struct token *t,
				   struct cli_error *error)
{
	const struct cli_word *word;
	struct cli_choices c = {0};
	char list[LIST_MAX] = "", meant[CLI_WORD_MAX] = "";

	choices_collect(s, &c);
	error->text[0] = '\0';
	word = *t->text ? pick_keyword(&c, t, error) : NULL;
	if (!word && !error->text[0])
		word = pick_placeholder(&c, t);
	if (word || error->text[0])
		return word;
	list_choices(&c, "", list, sizeof(list));
	if (c.n > 1)
		guess(&c, t->text, meant, sizeof(meant));
	if (c.n == 0)
		set_error(error, t->offset, "nothing more is expected here");
	else if (c.own == 1)
		set_error(error, t->offset, "%sexpected %s%s%s", meant, list,
			  cli_is_placeholder(c.word[0]) ? ": " : "",
			  cli_is_placeholder(c.word[0]) ? c.word[0]->help : "");
	else
		set_error(error, t->offset, "%sexpected one of: %s", meant, list);
	return NULL;
}

/* Cuts TEXT into words; quotes keep blanks together. False with an error. */
static bool tokenize(const char *text, struct tokens *out, struct cli_error *error)
{
	size_t i = 0;

	out->n = 0;
	for (;;) {
		struct token *t = &out->at[out->n];
		size_t len = 0;
		char quote = 0;

		i += strspn(text + i, " \t\r\n");
		if (!text[i] || text[i] == '#')
			return true;
		if (out->n == CLI_TOKENS_MAX) {
			set_error(error, i, "too many words");
			return false;
		}
		t->offset = i;
		for (; text[i] && (quote || !strchr(" \t\r\n", text[i])); i++) {
			if (text[i] == '"' && (!quote || quote == '"')) {
				quote = quote ? 0 : '"';
				continue;
			}
			if (len + 1 == sizeof(t->text)) {
				set_error(error, t->offset, "too long a word");
				return false;
			}
			t->text[len++] = text[i];
		}
		t->text[len] = '\0';
		t->end = i;
		out->n++;
		if (quote) {
			set_error(error, t->offset, "the quote is not closed");
			return false;
		}
	}
}

static void state_init(struct state *s, const struct cli_grammar *g)
{
	ensure(g->n_rows <= CLI_ROWS_MAX);
	*s = (struct state){.g = g};
	for (size_t i = 0; i < g->n_rows; i++)
		s->alive[i] = true;
}

static void request_add(json_t *request, const struct cli_word *word, const char *text)
{
	if (!word->key)
		return;
	if (cli_is_placeholder(word))
		json_object_set_new(request, word->key, json_string_nocheck(text));
	else if (str_eq(word->value, "true"))
		json_object_set_new(request, word->key, json_true());
	else
		json_object_set_new(request, word->key, json_string(word->value));
}

static const struct cli_row *complete_row(const struct state *s)
{
	for (size_t i = 0; i < s->g->n_rows; i++) {
		struct pattern p;

		if (!s->alive[i])
			continue;
		pattern_of(s->g->rows[i].words, &p);
		if (may_end(s, i, &p))
			return &s->g->rows[i];
	}
	return NULL;
}

static void incomplete(const struct state *s, const char *text, struct cli_error *error)
{
	struct cli_choices c = {0};
	char list[LIST_MAX] = "";

	choices_collect(s, &c);
	list_choices(&c, "", list, sizeof(list));
	set_error(error, strlen(text) + 1, "incomplete, expected %s%s", c.own > 1 ? "one of: " : "",
		  list);
}

int cli_parse(const struct cli_grammar *g, const char *text, struct cli_line *line,
	      struct cli_error *error)
{
	struct tokens tokens;
	struct state s;

	*line = (struct cli_line){0};
	if (!tokenize(text, &tokens, error))
		return -1;
	if (tokens.n == 0)
		return 1;
	state_init(&s, g);
	line->request = json_object();
	for (size_t i = 0; i < tokens.n; i++) {
		const struct cli_word *word = pick(&s, &tokens.at[i], error);

		if (!word)
			goto failed;
		if (word->key && str_eq(word->key, CLI_ONLY))
			str_copy(line->only, word->value ? word->value : tokens.at[i].text,
				 sizeof(line->only));
		else
			request_add(line->request, word, tokens.at[i].text);
		advance(&s, word);
	}
	line->row = complete_row(&s);
	if (!line->row) {
		incomplete(&s, text, error);
		goto failed;
	}
	line->json = s.json;
	if (line->row->command)
		json_object_set_new(line->request, "command", json_string(line->row->command));
	if (line->row->flags & CLI_FORMAT)
		json_object_set_new(line->request, "format",
				    json_string(line->json ? "json" : "text"));
	return 0;
failed:
	cli_line_free(line);
	return -1;
}

/* Among those that come last capitals, which placeholders are, are in front of json. */
static bool comes_last(const struct cli_word *word)
{
	return cli_is_placeholder(word) || str_eq(word->word, "json");
}

/* Keywords by the alphabet, then placeholders, then json: as one looks for them. */
static int choice_cmp(const void *a, const void *b)
{
	const struct cli_word *x = *(const struct cli_word *const *)a;
	const struct cli_word *y = *(const struct cli_word *const *)b;
	int last = comes_last(x) - comes_last(y);

	return last ? last : strcmp(x->word, y->word);
}

void cli_line_free(struct cli_line *line)
{
	json_decref(line->request);
	*line = (struct cli_line){0};
}

bool cli_choices(const struct cli_grammar *g, const char *text, struct cli_choices *out,
		 struct cli_error *error)
{
	struct tokens tokens;
	struct state s;
	size_t kept = 0;

	*out = (struct cli_choices){.word_start = strlen(text)};
	if (!tokenize(text, &tokens, error))
		return false;
	if (tokens.n && tokens.at[tokens.n - 1].end == strlen(text)) {
		const struct token *last = &tokens.at[--tokens.n];

		out->word_start = last->offset;
		str_copy(out->partial, last->text, sizeof(out->partial));
	}
	state_init(&s, g);
	for (size_t i = 0; i < tokens.n; i++) {
		const struct cli_word *word = pick(&s, &tokens.at[i], error);

		if (!word)
			return false;
		advance(&s, word);
	}
	choices_collect(&s, out);
	for (size_t i = 0; i < out->own; i++)
		if (cli_is_placeholder(out->word[i]) ||
		    strncmp(out->word[i]->word, out->partial, strlen(out->partial)) == 0)
			out->word[kept++] = out->word[i];
	out->n = out->own = kept;
	qsort(out->word, out->n, sizeof(out->word[0]), choice_cmp);
	return true;
}
