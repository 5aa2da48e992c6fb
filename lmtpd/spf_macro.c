/*
 * Reads and expands the macros of SPF records.  Trusts neither the record nor
 * the values: both are the sender's.  Nothing here allocates or looks up;
 * libspf2 is never handed a macro, as it gets several of them wrong and
 * writes past its buffers on others.
 */
#include <sys/socket.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "spf_macro.h"

#define DIGITS_MAX	999	/* more labels than a value can have */
#define PARTS_MAX	ADDR_MAX
/* Each byte of a value may become three. */
#define EXPANDED_MAX	(SPF_SPEC_MAX + SPF_SPEC_MACROS * 3 * ADDR_MAX)

/* A literal, or a macro-expand with a letter. */
struct piece {
	const char	*literal;	/* NULL: it is a macro */
	size_t		 len;		/* of the literal */
	char		 letter;	/* in lower case */
	bool		 escape;
	bool		 reverse;
	unsigned int	 keep;		/* labels at the right, 0 all */
	const char	*delim;
	size_t		 ndelim;
};

struct part {
	const char	*s;
	size_t		 len;
};

struct text {
	char		*s;
	size_t		 len;
	size_t		 size;
};

static bool
is_alnum(char c)
{
	return isalnum((unsigned char)c) && (unsigned char)c < 0x80;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_delimiter(char c)
{
	return c != '\0' && strchr(".-+,/_=", c) != NULL;
}

/* Behind the percent sign: "%", "_" and "-", RFC 7208 section 7.1. */
static const char *
read_escape(char c)
{
	switch (c) {
	case '%':
		return "%";
	case '_':
		return " ";
	case '-':
		return "%20";
	default:
		return NULL;
	}
}

/* From behind the "%{" to behind the "}"; NULL where it is no macro. */
static const char *
read_macro(const char *s, const char *end, struct piece *p)
{
	const char	*digits;

	if (s == end || *s == '\0' || strchr("slodiphvSLODIPHV", *s) == NULL)
		return NULL;
	p->escape = isupper((unsigned char)*s);
	p->letter = (char)tolower((unsigned char)*s++);
	for (digits = s; s < end && is_digit(*s); s++) {
		p->keep = p->keep * 10 + (unsigned int)(*s - '0');
		if (p->keep > DIGITS_MAX)
			p->keep = DIGITS_MAX;
	}
	if (s > digits && p->keep == 0)
		return NULL;
	if (s < end && (*s == 'r' || *s == 'R')) {
		p->reverse = true;
		s++;
	}
	for (p->delim = s; s < end && is_delimiter(*s); s++)
		p->ndelim++;
	return s < end && *s == '}' ? s + 1 : NULL;
}

/* The piece that begins at s, and where it ends; NULL where none does. */
static const char *
read_piece(const char *s, const char *end, struct piece *p)
{
	memset(p, 0, sizeof(*p));
	if (*s != '%') {
		p->literal = s;
		p->len = 1;
		return *s > ' ' && *s < 0x7f ? s + 1 : NULL;
	}
	if (end - s < 2)
		return NULL;
	if (s[1] == '{')
		return read_macro(s + 2, end, p);
	p->literal = read_escape(s[1]);
	if (p->literal == NULL)
		return NULL;
	p->len = strlen(p->literal);
	return s + 2;
}

/* How many percent signs begin a piece; -1 where it is no macro string. */
static int
count_macros(const char *s, size_t n, bool *is_last)
{
	const char	*end = s + n;
	struct piece	 p;
	int		 count = 0;

	*is_last = false;
	while (s < end) {
		*is_last = *s == '%';
		count += *s == '%';
		s = read_piece(s, end, &p);
		if (s == NULL)
			return -1;
	}
	return count;
}

bool
spf_macro_string(const char *s, size_t n)
{
	bool	 is_last;

	return count_macros(s, n, &is_last) != -1;
}

/* Letters, digits and inner hyphens; not digits alone. */
static bool
is_toplabel(const char *s, size_t n)
{
	bool	 numeric = true;

	if (n == 0 || s[0] == '-' || s[n - 1] == '-')
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!is_alnum(s[i]) && s[i] != '-')
			return false;
		if (!is_digit(s[i]))
			numeric = false;
	}
	return !numeric;
}

/* What ends in no macro ends in "." toplabel [ "." ]. */
bool
spf_domain_spec(const char *s, size_t n)
{
	const char	*dot;
	bool		 is_last;
	int		 macros;

	if (n == 0 || n > SPF_SPEC_MAX)
		return false;
	macros = count_macros(s, n, &is_last);
	if (macros == -1 || macros > SPF_SPEC_MACROS)
		return false;
	if (is_last)
		return true;
	if (s[n - 1] == '.')
		n--;
	dot = memrchr(s, '.', n);
	return dot != NULL &&
	    is_toplabel(dot + 1, n - 1 - (size_t)(dot - s));
}

bool
spf_macro_uses(const char *s, size_t n, const char *letters)
{
	const char	*end = s + n;
	struct piece	 p;

	while (s < end) {
		s = read_piece(s, end, &p);
		if (s == NULL)
			return false;
		if (p.literal == NULL && strchr(letters, p.letter) != NULL)
			return true;
	}
	return false;
}

static void
append(struct text *t, const char *s, size_t n)
{
	if (n >= t->size - t->len)
		n = t->size - t->len - 1;
	memcpy(t->s + t->len, s, n);
	t->len += n;
	t->s[t->len] = '\0';
}

/* What is not unreserved in RFC 3986 section 2.3, percent-encoded. */
static void
append_escaped(struct text *t, const char *s, size_t n)
{
	char	 hex[4];

	for (; n > 0; n--, s++) {
		if (is_alnum(*s) || strchr("-._~", *s) != NULL) {
			append(t, s, 1);
			continue;
		}
		snprintf(hex, sizeof(hex), "%%%02X", (unsigned char)*s);
		append(t, hex, 3);
	}
}

/* RFC 7208 section 7.3: "i" is dotted, an IPv6 address in nibbles. */
static void
write_client(const struct ip_addr *ip, char *out, size_t size)
{
	static const char	 hex[] = "0123456789abcdef";
	struct text		 t = { .s = out, .size = size };
	char			 nibbles[4] = { 0, '.', 0, '.' };

	if (ip->family == AF_INET) {
		ip_write(ip, out);
		return;
	}
	for (size_t i = 0; i < sizeof(ip->byte); i++) {
		nibbles[0] = hex[ip->byte[i] >> 4];
		nibbles[2] = hex[ip->byte[i] & 0xf];
		append(&t, nibbles, i + 1 == sizeof(ip->byte) ? 3 : 4);
	}
}

static const char *
value_of(const struct spf_macros *m, char letter, char *client, size_t size)
{
	switch (letter) {
	case 's':
		return m->sender;
	case 'l':
		return m->local;
	case 'o':
		return m->origin;
	case 'd':
		return m->domain;
	case 'h':
		return m->helo;
	case 'p':
		return m->client_name;
	case 'v':
		return m->client.family == AF_INET ? "in-addr" : "ip6";
	default:
		write_client(&m->client, client, size);
		return client;
	}
}

static size_t
split(const char *s, const struct piece *p, struct part *part)
{
	const char	*delim = p->ndelim > 0 ? p->delim : ".";
	size_t		 n = 0, ndelim = p->ndelim > 0 ? p->ndelim : 1;

	part[0] = (struct part){ .s = s };
	for (; *s != '\0'; s++)
		if (memchr(delim, *s, ndelim) == NULL)
			part[n].len++;
		else if (++n == PARTS_MAX)
			return PARTS_MAX;
		else
			part[n] = (struct part){ .s = s + 1 };
	return n + 1;
}

static void
append_value(struct text *t, const struct piece *p, const char *value)
{
	struct part	 part[PARTS_MAX];
	const struct part *q;
	size_t		 n = split(value, p, part);
	size_t		 first = p->keep > 0 && p->keep < n ? n - p->keep : 0;

	for (size_t i = first; i < n; i++) {
		q = &part[p->reverse ? n - 1 - i : i];
		if (i > first)
			append(t, ".", 1);
		if (p->escape)
			append_escaped(t, q->s, q->len);
		else
			append(t, q->s, q->len);
	}
}

/* RFC 7208 section 7.3, last paragraphs; what is one long label is no name. */
static void
cut_left(const char *s, char *out)
{
	const char	*dot;
	size_t		 n = strlen(s);

	if (n > 0 && s[n - 1] == '.')
		n--;
	while (n >= SPF_DOMAIN_MAX) {
		dot = memchr(s, '.', n - 1);
		if (dot == NULL)
			dot = s + n - 1;
		n -= (size_t)(dot + 1 - s);
		s = dot + 1;
	}
	memcpy(out, s, n);
	out[n] = '\0';
}

void
spf_macro_expand(const char *s, size_t n, const struct spf_macros *m, char *out)
{
	char		 all[EXPANDED_MAX] = "", client[sizeof("f.") * 32];
	struct text	 t = { .s = all, .size = sizeof(all) };
	const char	*end = s + n;
	struct piece	 p;

	while (s != NULL && s < end) {
		s = read_piece(s, end, &p);
		if (s == NULL)
			break;
		if (p.literal != NULL)
			append(&t, p.literal, p.len);
		else
			append_value(&t, &p, value_of(m, p.letter, client,
			    sizeof(client)));
	}
	cut_left(all, out);
}
