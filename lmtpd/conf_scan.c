/*
 * Words, strings and signs of a configuration file.  Pure.  Trusts no byte of
 * the file: it may be cut off anywhere, and its author makes mistakes.
 *
 * It is stricter than libconfuse, which takes "a//b" for one word, skips bytes
 * that it does not know, and lets strings and ${...} run over many lines.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_scan.h"

#define VARIABLE_MAX	128

void
scan_error(struct scan *s, int line, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	s->errors++;
	s->report->say(s->report->arg, line, text);
}

void
scan_open(struct scan *s, char *text, size_t n,
    const struct conf_text_report *report)
{
	memset(s, 0, sizeof(*s));
	s->text = text;
	s->n = n;
	s->line = 1;
	s->report = report;
}

static int
peek(const struct scan *s, size_t ahead)
{
	return s->at + ahead < s->n ? (unsigned char)s->text[s->at + ahead] :
	    -1;
}

static enum scan_kind
bad(struct scan *s)
{
	return s->kind = SCAN_BAD;
}

/* Whether a comment begins here. */
static bool
at_comment(const struct scan *s)
{
	return peek(s, 0) == '#' || (peek(s, 0) == '/' &&
	    (peek(s, 1) == '/' || peek(s, 1) == '*'));
}

static void
blank_line(struct scan *s)
{
	char *from = s->text + s->at;
	char *end = memchr(from, '\n', s->n - s->at);
	size_t len = end != NULL ? (size_t)(end - from) : s->n - s->at;

	memset(from, ' ', len);
	s->at += len;
}

static bool
blank_block(struct scan *s)
{
	int line = s->line;

	s->text[s->at++] = ' ';
	s->text[s->at++] = ' ';
	for (; s->at < s->n; s->at++) {
		if (peek(s, 0) == '*' && peek(s, 1) == '/') {
			s->text[s->at++] = ' ';
			s->text[s->at++] = ' ';
			return true;
		}
		if (s->text[s->at] == '\n')
			s->line++;
		else
			s->text[s->at] = ' ';
	}
	scan_error(s, line, "the comment that begins here is never closed: "
	    "end it with \"*/\"");
	return false;
}

/* Go to the next token; false after an error. */
static bool
skip_blanks(struct scan *s)
{
	for (;;) {
		int c = peek(s, 0);

		if (at_comment(s)) {
			if (c == '#' || peek(s, 1) == '/')
				blank_line(s);
			else if (!blank_block(s))
				return false;
		} else if (c == '\n') {
			s->line++;
			s->at++;
		} else if (c == ' ' || c == '\t') {
			s->at++;
		} else if (c == '\r' && peek(s, 1) == '\n') {
			s->text[s->at++] = ' ';
		} else {
			return true;
		}
	}
}

/* Of a ${NAME} or ${NAME:-default}; "at" stands on the "$". */
static bool
read_variable(struct scan *s)
{
	char name[VARIABLE_MAX];
	size_t i, len = 0;
	int c;

	for (i = 2; isalnum(c = peek(s, i)) || c == '_'; i++)
		if (len < sizeof(name) - 1)
			name[len++] = (char)c;
	name[len] = '\0';
	if (c == ':' && peek(s, i + 1) == '-')
		while ((c = peek(s, i)) != -1 && strchr("}\"\\\n", c) == NULL)
			i++;
	if (c != '}' || len == 0 || len == sizeof(name) - 1) {
		scan_error(s, s->line, "\"${\" begins no ${VARIABLE}: put the "
		    "string in single quotes");
		return false;
	}
	if (peek(s, len + 2) == '}' && getenv(name) == NULL) {
		scan_error(s, s->line, "${%s} is not set in the environment: "
		    "set it, or write ${%s:-default}", name, name);
	}
	s->changed = true;
	s->at += i + 1;
	return true;
}

/* A backslash in double quotes. */
static bool
read_escape(struct scan *s)
{
	int c = peek(s, 1);

	if (c != '\\' && c != '"' && c != '$') {
		scan_error(s, s->line, "a backslash in double quotes goes "
		    "before \\, \" or $ only: put the string in single "
		    "quotes");
		return false;
	}
	s->changed = true;
	s->at += 2;
	return true;
}

static bool
read_string_byte(struct scan *s, int quote)
{
	int c = peek(s, 0);

	if (c == -1 || c == '\n' || (c == '\r' && peek(s, 1) == '\n')) {
		scan_error(s, s->line, "a string ends on the line on which it "
		    "begins: %c is missing", quote);
		return false;
	}
	if ((c < ' ' && c != '\t') || c == 0x7f) {
		scan_error(s, s->line, "control character 0x%02x in a string: "
		    "take it out", (unsigned int)c);
		return false;
	}
	if (quote == '"' && c == '\\')
		return read_escape(s);
	if (quote == '"' && c == '$' && peek(s, 1) == '{')
		return read_variable(s);
	s->at += quote == '\'' && c == '\\' && (peek(s, 1) == '\\' ||
	    peek(s, 1) == '\'') ? 2 : 1;
	return true;
}

static enum scan_kind
read_string(struct scan *s)
{
	int quote = peek(s, 0);

	s->begin = ++s->at;
	while (peek(s, 0) != quote)
		if (!read_string_byte(s, quote))
			return bad(s);
	s->len = s->at++ - s->begin;
	return s->kind = SCAN_STRING;
}

static bool
is_word_byte(int c)
{
	return c != -1 && (isalnum(c) || strchr("-_./:@%", c) != NULL) &&
	    c != '\0';
}

static enum scan_kind
read_word(struct scan *s)
{
	s->begin = s->at;
	while (is_word_byte(peek(s, 0)) && !at_comment(s))
		s->at++;
	s->len = s->at - s->begin;
	if (at_comment(s)) {
		scan_error(s, s->line, "\"%.1s\" right behind a word: put a "
		    "blank before a comment, or the value in quotes",
		    s->text + s->at);
		return bad(s);
	}
	if (s->at == s->n) {
		scan_error(s, s->line, "the file ends within a word and may "
		    "be cut off: end the last line with a line end");
		return bad(s);
	}
	return s->kind = SCAN_WORD;
}

static enum scan_kind
read_odd(struct scan *s)
{
	int c = peek(s, 0);

	if (c == '$' || c == '*' || c == ';' || c == '[')
		scan_error(s, s->line, "'%c' outside quotes: put the value in "
		    "quotes", c);
	else if (c > ' ' && c < 0x7f)
		scan_error(s, s->line, "'%c' has no meaning here: put the "
		    "value in quotes, or take it out", c);
	else
		scan_error(s, s->line, "byte 0x%02x outside quotes: put the "
		    "value in quotes, or take it out", (unsigned int)c);
	return bad(s);
}

enum scan_kind
scan_next(struct scan *s)
{
	int c;

	if (!skip_blanks(s))
		return bad(s);
	s->token_line = s->line;
	s->begin = s->at;
	s->len = 1;
	s->changed = false;
	c = peek(s, 0);
	if (c == -1) {
		s->len = 0;
		return s->kind = SCAN_END;
	}
	if (c == '"' || c == '\'')
		return read_string(s);
	if (is_word_byte(c))
		return read_word(s);
	if (c == '+' && peek(s, 1) == '=')
		s->len = 2;
	else if (c == '\0' || strchr("{}()=,", c) == NULL)
		return read_odd(s);
	s->sign = (char)c;
	s->at += s->len;
	return s->kind = SCAN_SIGN;
}

bool
scan_is(const struct scan *s, char sign)
{
	return s->kind == SCAN_SIGN && s->sign == sign;
}
