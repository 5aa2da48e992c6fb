/*
 * Reads the client's address out of a Received field.  Pure.  It trusts the
 * MTA that wrote the field for its form, but nothing that a client can put in
 * there: HELO, reverse name, ident, sender and recipient may hold brackets,
 * addresses, comments and blanks, as not every MTA replaces them.
 *
 * The safe rule: every one of these MTAs writes one " by ", and the address
 * in the last comment before it or, Exim, ahead of all that is the client's.
 * So a field with more than one "by" is none that we know, and between the
 * address we take and the "by" nothing may stand that could be another one.
 */
#include <string.h>
#include <strings.h>

#include "received.h"

#define RECEIVED_MAX	2000	/* a longer one may hide a second "by" */

/* Sendmail cuts a HELO of these at a blank; one with others it lets pass
 * whole, where it is told to accept bogus ones. */
#define IN_HELO		".-_:[]"
#define IN_NAME		".-_"
/* No "=": Exim's "(helo=x [192.0.2.1])" is no reverse name. */
#define IN_WHO		".-_+/:@"

struct scan {
	const char	*at;
	const char	*end;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_clean(struct scan s)
{
	for (; s.at < s.end; s.at++)
		if ((*s.at >= 0 && *s.at < ' ' && *s.at != '\t') ||
		    *s.at == '\177')
			return false;
	return true;
}

static bool
has(struct scan s, char c)
{
	return s.at < s.end && memchr(s.at, c, s.end - s.at) != NULL;
}

/* How often the word "by" stands in it, in a comment or a string too. */
static size_t
count_by(struct scan s)
{
	const char	*start = s.at;
	size_t		 count = 0;

	for (; s.end - s.at > 2; s.at++)
		if (s.at[0] == 'b' && s.at[1] == 'y' && is_blank(s.at[2]) &&
		    (s.at == start || is_blank(s.at[-1])))
			count++;
	return count;
}

/* Pass over a text, where it stands here; a blank in it is one or more. */
static bool
eat(struct scan *s, const char *text)
{
	const char	*at = s->at;

	for (; *text != '\0'; text++) {
		if (at == s->end ||
		    (*text == ' ' ? !is_blank(*at) : *at != *text))
			return false;
		at++;
		while (*text == ' ' && at < s->end && is_blank(*at))
			at++;
	}
	s->at = at;
	return true;
}

/* Take letters, digits and some more; false where there is none. */
static bool
take(struct scan *s, const char *more, struct scan *word)
{
	word->at = s->at;
	while (s->at < s->end && (is_letter(*s->at) || is_digit(*s->at) ||
	    (*s->at != '\0' && strchr(more, *s->at) != NULL)))
		s->at++;
	word->end = s->at;
	return word->at < word->end;
}

static bool
skip(struct scan *s, const char *more)
{
	struct scan	 word;

	return take(s, more, &word);
}

static bool
is_text(struct scan word, const char *text)
{
	size_t	 n = (size_t)(word.end - word.at);

	return strlen(text) == n && memcmp(word.at, text, n) == 0;
}

static bool
skip_digits(struct scan *s)
{
	const char	*start = s->at;

	while (s->at < s->end && is_digit(*s->at))
		s->at++;
	return s->at > start;
}

static bool
read_address(struct scan *s, struct ip_addr *addr)
{
	char		 text[ADDR_IP_MAX];
	struct scan	 word;
	bool		 tagged;

	tagged = s->end - s->at > 5 && strncasecmp(s->at, "IPv6:", 5) == 0;
	if (tagged)
		s->at += 5;
	if (!take(s, ".:", &word) ||
	    (size_t)(word.end - word.at) >= sizeof(text))
		return false;
	memcpy(text, word.at, word.end - word.at);
	text[word.end - word.at] = '\0';
	if (tagged && !has(word, ':'))
		return false;
	return ip_read(text, addr) == 0;
}

/* "[IP]", "[IPv6:IP]"; OpenSMTPD's "[[IP]]" for IPv6. */
static bool
read_bracketed(struct scan *s, struct ip_addr *addr)
{
	bool	 twice;

	if (!eat(s, "["))
		return false;
	twice = eat(s, "[");
	return read_address(s, addr) && eat(s, twice ? "]]" : "]");
}

/*
 * Pass over a comment that may stand between the address and the "by": one
 * that holds no address, in brackets or bare.  A backslash makes its end
 * doubtful.
 */
static bool
skip_comment(struct scan *s)
{
	int	 depth = 0;
	bool	 blank = false;

	do {
		if (s->at == s->end || *s->at == '[' || *s->at == '\\')
			return false;
		if (*s->at == '(')
			depth++;
		else if (*s->at == ')')
			depth--;
		else if (is_blank(*s->at))
			blank = true;
		s->at++;
	} while (depth > 0);
	return blank;
}

/* " (using TLSv1.3 ...) (Authenticated sender: a) by HOST" */
static bool
read_by(struct scan *s)
{
	while (eat(s, " (")) {
		s->at--;
		if (!skip_comment(s))
			return false;
	}
	return eat(s, " by ") && skip(s, IN_HELO);
}

/* Exim's mark behind "by HOST", and the protocol that it names. */
static bool
read_exim(struct scan *s, struct scan *protocol)
{
	if (!eat(s, " with ") || !take(s, "-", protocol))
		return false;
	if (eat(s, " (Exim "))
		return true;
	if (eat(s, " (") && (!skip(s, IN_HELO) || !eat(s, ")")))
		return false;
	if (eat(s, " tls ") && !skip(s, IN_NAME))
		return false;
	return eat(s, " (Exim ");
}

/* Exim's "port=25 helo=H ident=I", whatever of it stands here. */
static bool
read_facts(struct scan *s, bool behind)
{
	static const char *const	 facts[] = {
		" port=", " helo=", " ident="
	};

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		if (!eat(s, behind ? facts[i] : facts[i] + 1))
			continue;
		if (!skip(s, IN_HELO))
			return false;
		behind = true;
	}
	return behind;
}

/*
 * The reverse name in front of the address, behind it a blank: NAME, Sendmail
 * IDENT@NAME and IDENT@[IP], OpenSMTPD <unknown>; or nothing.
 */
static bool
read_who(struct scan *s, bool *some)
{
	struct scan	 who;

	*some = true;
	if (eat(s, "<unknown>"))
		return eat(s, " ");
	if (!take(s, IN_WHO, &who)) {
		*some = false;
		return true;
	}
	return who.end[-1] == '@' || eat(s, " ");
}

/* The rest of the address's comment: Exim's and Sendmail's remarks. */
static bool
end_host(struct scan *s, bool named)
{
	if (!named && eat(s, ":") && !skip_digits(s))
		return false;
	if (!named && !read_facts(s, true))
		return false;
	return eat(s, ")") || eat(s, " (may be forged))");
}

/*
 * Postfix, OpenSMTPD, Sendmail, Gmail "from HELO (NAME [IP])", Dovecot and
 * those without a name "from HELO ([IP])", Exim "from NAME ([IP] helo=HELO)".
 */
static bool
read_host(struct scan s, struct received *r)
{
	bool	 named;

	if (!eat(&s, "from ") || !skip(&s, IN_HELO) || !eat(&s, " (") ||
	    !read_who(&s, &named))
		return false;
	r->local = named && eat(&s, "[local]");
	if (!r->local && !read_bracketed(&s, &r->client))
		return false;
	if (!end_host(&s, named) || !read_by(&s))
		return false;
	return (!r->local || eat(&s, " (OpenSMTPD)")) && has(s, ';');
}

/* Exim without a reverse name: "from [IP] (helo=HELO)". */
static bool
read_exim_host(struct scan s, struct received *r)
{
	struct scan	 protocol;

	if (!eat(&s, "from ") || !read_bracketed(&s, &r->client))
		return false;
	if (eat(&s, ":") && !skip_digits(&s))
		return false;
	if (eat(&s, " (") && (!read_facts(&s, false) || !eat(&s, ")")))
		return false;
	return read_by(&s) && read_exim(&s, &protocol) && has(s, ';');
}

/* "from HELO (IP) by HOST (IP) with Microsoft SMTP Server" */
static bool
read_exchange(struct scan s, struct received *r)
{
	return eat(&s, "from ") && skip(&s, IN_HELO) && eat(&s, " (") &&
	    read_address(&s, &r->client) && eat(&s, ") by ") &&
	    skip(&s, IN_HELO) && eat(&s, " (") && skip(&s, ".:%") &&
	    eat(&s, ") with Microsoft SMTP Server") && has(s, ';');
}

/* Exim: "from USER by HOST with local (Exim 4.96)". */
static bool
read_exim_local(struct scan s, struct received *r)
{
	struct scan	 protocol;

	if (!eat(&s, "from ") || !skip(&s, IN_NAME) || !eat(&s, " by ") ||
	    !skip(&s, IN_NAME) || !read_exim(&s, &protocol) || !has(s, ';'))
		return false;
	r->local = is_text(protocol, "local") || eat(&protocol, "local-");
	return r->local;
}

/* Postfix's pickup(8): "by HOST (Postfix, from userid N)". */
static bool
read_postfix_local(struct scan s, struct received *r)
{
	r->local = eat(&s, "by ") && skip(&s, IN_NAME) && eat(&s, " (") &&
	    skip(&s, ".-_ ") && eat(&s, ", from userid ") &&
	    skip_digits(&s) && eat(&s, ")") && has(s, ';');
	return r->local;
}

static bool	(*const forms[])(struct scan, struct received *) = {
	read_host,
	read_exim_host,
	read_exchange,
	read_exim_local,
	read_postfix_local
};

int
received_read(const char *value, size_t n, struct received *r)
{
	struct scan	 s = { .at = value, .end = value + n };

	memset(r, 0, sizeof(*r));
	if (n > RECEIVED_MAX || !is_clean(s) || count_by(s) != 1)
		return -1;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (forms[i](s, r))
			return 0;
		memset(r, 0, sizeof(*r));
	}
	return -1;
}
