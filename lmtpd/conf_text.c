/*
 * The text of one configuration file, looked through before libconfuse reads
 * it.  Pure.  Trusts no byte: a file that is cut off or garbled must not load
 * as a shorter one that permits more.
 *
 * The grammar is libconfuse's: key = value, key = {list}, name "title" {...}
 * and name(arguments).
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "conf_text.h"

#define DEPTH_MAX	8

struct section {
	int		 line;
	struct conf_keys keys;
};

struct reader {
	struct scan	 scan;
	struct conf_keys *top;
	struct section	*open[DEPTH_MAX];
	size_t		 depth;
	struct conf_text *out;
	/* The statement that is being read: */
	char		 key[CONF_KEY_MAX];	/* "" for a longer one */
	int		 key_line;
};

static bool
fail(struct reader *r, const char *what)
{
	scan_error(&r->scan, r->scan.token_line, "%s", what);
	return false;
}

/* Next token, where anything but an unreadable one will do. */
static bool
next(struct reader *r)
{
	return scan_next(&r->scan) != SCAN_BAD;
}

static bool
is_value(const struct reader *r)
{
	return r->scan.kind == SCAN_WORD || r->scan.kind == SCAN_STRING;
}

/* Each key once: libconfuse would take the last one. */
static bool
note_key(struct reader *r)
{
	struct conf_keys *keys = r->depth == 0 ? r->top :
	    &r->open[r->depth - 1]->keys;
	size_t i;

	if (r->key[0] == '\0')
		return true;
	for (i = 0; i < keys->n; i++) {
		if (strcmp(keys->key[i].name, r->key) != 0)
			continue;
		scan_error(&r->scan, r->key_line, "%s is set again (first on "
		    "line %d): keep one", r->key, keys->key[i].line);
		return true;
	}
	if (keys->n == CONF_KEYS_MAX)
		return fail(r, "too many keys in one section: take some out");
	keys->key[keys->n].line = r->key_line;
	strlcpy(keys->key[keys->n++].name, r->key, CONF_KEY_MAX);
	return true;
}

/* A value of "security-string" must reach us as it was written. */
static void
check_raw(struct reader *r)
{
	if (r->scan.kind == SCAN_STRING && r->scan.changed &&
	    strcmp(r->key, "security-string") == 0)
		scan_error(&r->scan, r->scan.token_line, "security-string: a "
		    "double-quoted string changes \"\\\" and \"${\": put it in "
		    "single quotes");
}

static bool
must_not_be_empty(const char *key)
{
	return strcmp(key, "security") == 0 || strcmp(key, "command") == 0;
}

/* Behind "key = {" */
static bool
read_list(struct reader *r)
{
	size_t n = 0;

	for (;;) {
		if (!next(r))
			return false;
		if (scan_is(&r->scan, '}'))
			break;
		if (!is_value(r))
			return fail(r, "a list is {\"one\", \"two\"}: a value "
			    "or \"}\" is missing before this");
		check_raw(r);
		n++;
		if (!next(r))
			return false;
		if (scan_is(&r->scan, '}'))
			break;
		if (!scan_is(&r->scan, ','))
			return fail(r, "a list is {\"one\", \"two\"}: \",\" or "
			    "\"}\" is missing before this");
	}
	if (n == 0 && must_not_be_empty(r->key))
		scan_error(&r->scan, r->key_line, "%s = {} is empty: name at "
		    "least one", r->key);
	return true;
}

/* Behind "key =" */
static bool
read_value(struct reader *r)
{
	if (!note_key(r) || !next(r))
		return false;
	if (scan_is(&r->scan, '{'))
		return read_list(r);
	if (!is_value(r)) {
		scan_error(&r->scan, r->key_line, "%s = has no value: write "
		    "%s = \"value\"", r->key, r->key);
		return false;
	}
	check_raw(r);
	return true;
}

/* Behind "name(" */
static bool
read_arguments(struct reader *r)
{
	for (;;) {
		if (!next(r))
			return false;
		if (scan_is(&r->scan, ')'))
			return true;
		if (!is_value(r))
			break;
		if (!next(r))
			return false;
		if (scan_is(&r->scan, ')'))
			return true;
		if (!scan_is(&r->scan, ','))
			break;
	}
	scan_error(&r->scan, r->key_line, "%s( is not closed: write "
	    "%s(\"file\")", r->key, r->key);
	return false;
}

/* Behind "name {" or "name "title" {" */
static bool
open_section(struct reader *r)
{
	struct section *s;

	if (r->depth == DEPTH_MAX)
		return fail(r, "sections are nested too deeply: close an "
		    "earlier one with \"}\"");
	if ((s = calloc(1, sizeof(*s))) == NULL)
		err(EX_OSERR, NULL);
	s->line = r->key_line;
	r->open[r->depth++] = s;
	return true;
}

static bool
close_section(struct reader *r)
{
	struct conf_text *out = r->out;
	struct section *s;

	if (r->depth == 0)
		return fail(r, "\"}\" closes nothing: take it out, or look "
		    "for a \"{\" that is missing above");
	s = r->open[--r->depth];
	if ((out->sections & (out->sections + 1)) == 0) {
		out->line = reallocarray(out->line, 2 * (out->sections + 1),
		    sizeof(out->line[0]));
		if (out->line == NULL)
			err(EX_OSERR, NULL);
	}
	out->line[out->sections++] = s->line;
	free(s);
	return true;
}

/* Behind a key. */
static bool
read_statement(struct reader *r)
{
	if (!next(r))
		return false;
	if (scan_is(&r->scan, '='))
		return read_value(r);
	if (scan_is(&r->scan, '+'))
		return fail(r, "\"+=\" is not supported: write the whole list "
		    "with \"=\"");
	if (scan_is(&r->scan, '('))
		return read_arguments(r);
	if (is_value(r) && !next(r))
		return false;
	if (scan_is(&r->scan, '{'))
		return open_section(r);
	scan_error(&r->scan, r->key_line, "%s is followed by neither \"=\" nor "
	    "\"{\": write %s = \"value\"", r->key, r->key);
	return false;
}

static void
take_key(struct reader *r)
{
	const struct scan *s = &r->scan;

	r->key_line = s->token_line;
	r->key[0] = '\0';
	if (s->len >= sizeof(r->key))
		return;
	memcpy(r->key, s->text + s->begin, s->len);
	r->key[s->len] = '\0';
}

static bool
read_all(struct reader *r)
{
	while (next(r)) {
		if (r->scan.kind == SCAN_END) {
			if (r->depth == 0)
				return true;
			scan_error(&r->scan, r->scan.line, "the file ends "
			    "inside the section that begins on line %d and "
			    "may be cut off: close it with \"}\"",
			    r->open[r->depth - 1]->line);
			return false;
		}
		take_key(r);
		if (scan_is(&r->scan, '}')) {
			if (!close_section(r))
				return false;
		} else if (r->scan.kind != SCAN_WORD) {
			return fail(r, "a key without quotes should stand "
			    "here: write key = \"value\"");
		} else if (!read_statement(r)) {
			return false;
		}
	}
	return false;
}

/* A NUL would hide the rest of the file from libconfuse. */
static bool
check_bytes(struct reader *r)
{
	const char *p, *nul = memchr(r->scan.text, '\0', r->scan.n);
	int line = 1;

	if (r->scan.n > CONF_TEXT_MAX) {
		scan_error(&r->scan, 1, "larger than %d bytes: split it and "
		    "include() the parts", CONF_TEXT_MAX);
		return false;
	}
	if (nul == NULL)
		return true;
	for (p = r->scan.text; p < nul; p++)
		line += *p == '\n';
	scan_error(&r->scan, line, "a NUL byte: the file is damaged, restore "
	    "it");
	return false;
}

int
conf_text_scan(char *text, size_t n, struct conf_keys *top,
    struct conf_text *out, const struct conf_text_report *report)
{
	struct reader r = { .top = top, .out = out };
	bool whole;

	memset(out, 0, sizeof(*out));
	scan_open(&r.scan, text, n, report);
	whole = check_bytes(&r) && read_all(&r);
	while (r.depth > 0)
		free(r.open[--r.depth]);
	return !whole ? -1 : r.scan.errors > 0;
}

/* No string goes over a line end: what begins a line is never part of one. */
size_t
conf_text_squeeze(char *text, size_t n)
{
	size_t in, out = 0;
	bool begin = true;

	for (in = 0; in < n; in++) {
		if (begin && (text[in] == ' ' || text[in] == '\t'))
			continue;
		begin = text[in] == '\n';
		text[out++] = text[in];
	}
	return out;
}

void
conf_text_free(struct conf_text *t)
{
	free(t->line);
	t->line = NULL;
	t->sections = 0;
}
