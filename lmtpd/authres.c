/*
 * Reads Authentication-Results fields (RFC 8601 section 2.2).  Pure.  The
 * field of our own MTA is trusted for what it says, not for its syntax: much
 * in it is the sender's text (domains, local parts, comments).  Each byte is
 * read once, and one that fits nowhere makes the whole field count for
 * nothing, so that no forged result hides in a comment, a string or a value.
 */
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "authres.h"

struct scan {
	const char	*at;
	const char	*end;
};

/* What stands in the field: a keyword, or a value with its quotes on. */
struct span {
	const char	*at;
	size_t		 n;
};

struct wanted {
	const char	*method;
	const char	*ptype;
	const char	*property;
	const char	*domain;
};

/* One result (RFC 8601's resinfo), as far as we want it. */
struct result {
	bool	 pass;		/* of the method wanted */
	int	 named;		/* properties of the kind wanted */
	bool	 matches;	/* the last one's value is the domain */
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Any byte that may stand in a comment or a quoted string. */
static bool
is_text(char c)
{
	unsigned char	 byte = (unsigned char)c;

	return byte == '\t' || (byte >= ' ' && byte != 127);
}

static bool
is_keyword(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/*
 * A byte of an unquoted value.  More than RFC 2045's token: MTAs write base64,
 * IPv6 addresses and <> there.
 */
static bool
is_bare(char c)
{
	return is_text(c) && !is_blank(c) && strchr("();\"\\", c) == NULL;
}

static bool
at_char(const struct scan *s, char c)
{
	return s->at < s->end && *s->at == c;
}

static bool
eat(struct scan *s, char c)
{
	if (!at_char(s, c))
		return false;
	s->at++;
	return true;
}

/* One byte behind an opening quote or parenthesis, or a quoted pair. */
static bool
skip_text(struct scan *s)
{
	(void)eat(s, '\\');
	if (s->at == s->end || !is_text(*s->at))
		return false;
	s->at++;
	return true;
}

/* A comment; those inside it are counted, not descended into. */
static bool
skip_comment(struct scan *s)
{
	size_t	 depth = 0;

	do {
		if (eat(s, '('))
			depth++;
		else if (eat(s, ')'))
			depth--;
		else if (!skip_text(s))
			return false;
	} while (depth > 0);
	return true;
}

/* Blanks and comments.  False: one of these has no end. */
static bool
skip_cfws(struct scan *s)
{
	while (s->at < s->end) {
		if (is_blank(*s->at))
			s->at++;
		else if (*s->at != '(')
			break;
		else if (!skip_comment(s))
			return false;
	}
	return true;
}

/* A sign with blanks and comments around it. */
static bool
read_sign(struct scan *s, char c)
{
	return skip_cfws(s) && eat(s, c) && skip_cfws(s);
}

static bool
read_keyword(struct scan *s, struct span *word)
{
	word->at = s->at;
	while (s->at < s->end && is_keyword(*s->at))
		s->at++;
	word->n = (size_t)(s->at - word->at);
	return word->n > 0;
}

static bool
read_quoted(struct scan *s)
{
	if (!eat(s, '"'))
		return false;
	while (!eat(s, '"'))
		if (!skip_text(s))
			return false;
	return true;
}

/*
 * A value: a quoted string, bare text, or "local part"@domain.  No other value
 * and no keyword can follow it but behind a blank or a comment.
 */
static bool
read_value(struct scan *s, struct span *value)
{
	value->at = s->at;
	if (at_char(s, '"')) {
		if (!read_quoted(s))
			return false;
		if (s->at < s->end && is_bare(*s->at) && *s->at != '@')
			return false;
	}
	while (s->at < s->end && is_bare(*s->at))
		s->at++;
	value->n = (size_t)(s->at - value->at);
	return value->n > 0;
}

static bool
is_word(struct span word, const char *text)
{
	return strlen(text) == word.n &&
	    strncasecmp(word.at, text, word.n) == 0;
}

/* Whether a value, its quotes taken off, is this text. */
static bool
is_value(struct span value, const char *text)
{
	const char	*at = value.at, *end = value.at + value.n;

	if (*at != '"')
		return is_word(value, text);
	if (*--end != '"')
		return false;	/* "local part"@domain */
	for (at++; at < end; at++, text++) {
		if (*at == '\\')
			at++;
		if (*text == '\0' || strncasecmp(at, text, 1) != 0)
			return false;
	}
	return *text == '\0';
}

static bool
at_end(const struct scan *s)
{
	return s->at == s->end || *s->at == ';';
}

static bool
read_number(struct scan *s, struct span *number)
{
	number->at = s->at;
	while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
		s->at++;
	number->n = (size_t)(s->at - number->at);
	return number->n > 0;
}

/* authserv-id and version.  of_one: the version is 1, or not given. */
static bool
read_head(struct scan *s, struct span *id, bool *of_one)
{
	struct span	 version;

	*of_one = true;
	if (!skip_cfws(s) || !read_value(s, id) || !skip_cfws(s))
		return false;
	if (at_end(s))
		return true;
	if (!read_number(s, &version) || !skip_cfws(s))
		return false;
	*of_one = is_word(version, "1");
	return at_end(s);
}

/* "dkim=pass", "dkim/1=pass"; what another version means is not known. */
static bool
read_method(struct scan *s, const struct wanted *w, bool *pass)
{
	struct span	 method, version, word;
	bool		 known = true;

	if (!read_keyword(s, &method) || !skip_cfws(s))
		return false;
	if (eat(s, '/')) {
		if (!skip_cfws(s) || !read_number(s, &version))
			return false;
		known = is_word(version, "1");
	}
	if (!read_sign(s, '=') || !read_keyword(s, &word))
		return false;
	*pass = known && is_word(method, w->method) && is_word(word, "pass");
	return skip_cfws(s);
}

/*
 * "header.d=example.com", "reason=text".  Of other names without a ptype only
 * the x- ones are taken, which some MTAs write: a method's name among them
 * would mean that a ";" is missing.
 */
static bool
read_property(struct scan *s, const struct wanted *w, struct result *r)
{
	struct span	 ptype, property = { .n = 0 }, value;

	if (!read_keyword(s, &ptype) || !skip_cfws(s))
		return false;
	if (eat(s, '.')) {
		if (!skip_cfws(s) || !read_keyword(s, &property))
			return false;
	} else if (!is_word(ptype, "reason") &&
	    (ptype.n < 3 || strncasecmp(ptype.at, "x-", 2) != 0))
		return false;
	if (!read_sign(s, '=') || !read_value(s, &value) || !skip_cfws(s))
		return false;
	if (is_word(ptype, w->ptype) && is_word(property, w->property)) {
		r->named++;
		r->matches = is_value(value, w->domain);
	}
	return true;
}

/* One result; a property given twice says nothing. */
static bool
read_result(struct scan *s, const struct wanted *w, bool *passes)
{
	struct result	 r = { .named = 0 };

	if (!read_method(s, w, &r.pass))
		return false;
	while (!at_end(s))
		if (!read_property(s, w, &r))
			return false;
	if (r.pass && r.named == 1 && r.matches)
		*passes = true;
	return true;
}

/* "none", which stands alone. */
static bool
read_none(struct scan s)
{
	struct span	 word;

	return eat(&s, ';') && skip_cfws(&s) && read_keyword(&s, &word) &&
	    is_word(word, "none") && skip_cfws(&s) && s.at == s.end;
}

/* Some MTAs end the last result with a ";" too. */
static int
read_results(struct scan *s, const struct wanted *w)
{
	bool	 passes = false, some = false;

	if (read_none(*s))
		return 0;
	while (eat(s, ';')) {
		if (!skip_cfws(s))
			return -1;
		if (s->at == s->end)
			break;
		if (!read_result(s, w, &passes))
			return -1;
		some = true;
	}
	return some ? passes : -1;
}

int
authres_is_of(const char *value, size_t n, const char *authserv_id)
{
	struct scan	 s = { .at = value, .end = value + n };
	struct span	 id;
	bool		 of_one;

	if (!read_head(&s, &id, &of_one))
		return -1;
	return of_one && *authserv_id != '\0' && is_value(id, authserv_id);
}

int
authres_passes(const char *value, size_t n, enum authres_method method,
    const char *domain)
{
	struct scan	 s = { .at = value, .end = value + n };
	struct wanted	 w = {
		.method = method == AUTHRES_DKIM ? "dkim" : "dmarc",
		.ptype = "header",
		.property = method == AUTHRES_DKIM ? "d" : "from",
		.domain = domain
	};
	struct span	 id;
	bool		 of_one;

	if (!read_head(&s, &id, &of_one))
		return -1;
	if (!of_one || *domain == '\0')
		return 0;
	return read_results(&s, &w);
}
