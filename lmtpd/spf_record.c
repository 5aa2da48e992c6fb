/*
 * Reads SPF records term by term.  Trusts nobody: a record is whatever the
 * sender's DNS says.  It is stricter than libspf2, which passes some wrong
 * records, cuts long ones, and so never sees one.
 */
#include <sys/socket.h>

#include <arpa/inet.h>

#include <string.h>
#include <strings.h>

#include "spf_macro.h"
#include "spf_record.h"

#define MARK		"v=spf1"	/* "version" in the grammar */
#define MARK_LEN	(sizeof(MARK) - 1)

struct range {
	const char	*s;
	const char	*end;
};

struct known {
	const char		*name;
	enum spf_term_kind	 kind;
	bool			(*read)(struct range, struct spf_term *);
};

static bool	 read_nothing(struct range, struct spf_term *);
static bool	 read_domain(struct range, struct spf_term *);
static bool	 read_domain_or_nothing(struct range, struct spf_term *);
static bool	 read_host(struct range, struct spf_term *);
static bool	 read_ip4(struct range, struct spf_term *);
static bool	 read_ip6(struct range, struct spf_term *);

static const struct known	 mechanisms[] = {
	{ "all", SPF_TERM_ALL, read_nothing },
	{ "include", SPF_TERM_INCLUDE, read_domain },
	{ "a", SPF_TERM_A, read_host },
	{ "mx", SPF_TERM_MX, read_host },
	{ "ptr", SPF_TERM_PTR, read_domain_or_nothing },
	{ "ip4", SPF_TERM_IP, read_ip4 },
	{ "ip6", SPF_TERM_IP, read_ip6 },
	{ "exists", SPF_TERM_EXISTS, read_domain },
	{ NULL, SPF_TERM_END, NULL }
};

static bool
is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_named(const struct spf_term *t, const char *name)
{
	return t->name_len == strlen(name) &&
	    strncasecmp(t->name, name, t->name_len) == 0;
}

bool
spf_record_is(const char *text)
{
	return strncasecmp(text, MARK, MARK_LEN) == 0 &&
	    (text[MARK_LEN] == ' ' || text[MARK_LEN] == '\0');
}

static bool
read_nothing(struct range r, struct spf_term *t)
{
	(void)t;
	return r.s == r.end;
}

static bool
read_domain(struct range r, struct spf_term *t)
{
	if (r.s == r.end || *r.s != ':')
		return false;
	t->spec = r.s + 1;
	t->spec_len = (size_t)(r.end - t->spec);
	return spf_domain_spec(t->spec, t->spec_len);
}

static bool
read_domain_or_nothing(struct range r, struct spf_term *t)
{
	return r.s == r.end || read_domain(r, t);
}

/* A prefix length: no sign, no leading zero. */
static bool
read_bits(struct range r, unsigned int max, unsigned int *bits)
{
	if (r.s == r.end || r.end - r.s > 3 ||
	    (*r.s == '0' && r.end - r.s > 1))
		return false;
	*bits = 0;
	for (; r.s < r.end; r.s++) {
		if (!is_digit(*r.s))
			return false;
		*bits = *bits * 10 + (unsigned int)(*r.s - '0');
	}
	return *bits <= max;
}

/* The slash of "/24" at the end of r, or NULL. */
static const char *
find_slash(struct range r)
{
	const char	*s = r.end;

	while (s > r.s && is_digit(s[-1]))
		s--;
	return s < r.end && s > r.s && s[-1] == '/' ? s - 1 : NULL;
}

/*
 * [ ":" domain-spec ] [ dual-cidr-length ].  A slash in a domain is no trap:
 * before digits at the end it could only be followed by a top label.
 */
static bool
read_host(struct range r, struct spf_term *t)
{
	const char	*slash = find_slash(r);

	t->bits4 = 32;
	t->bits6 = 128;
	if (slash != NULL && slash > r.s && slash[-1] == '/') {
		if (!read_bits((struct range){ slash + 1, r.end }, 128,
		    &t->bits6))
			return false;
		r.end = slash - 1;
		slash = find_slash(r);
	}
	if (slash != NULL) {
		if (!read_bits((struct range){ slash + 1, r.end }, 32,
		    &t->bits4))
			return false;
		r.end = slash;
	}
	return read_domain_or_nothing(r, t);
}

/* A mapped address stays an IPv6 one: IPv4 clients match ip4 alone. */
static bool
read_net(struct range r, int family, struct spf_term *t)
{
	char		 text[INET6_ADDRSTRLEN];
	const char	*slash;
	size_t		 n;

	if (r.s == r.end || *r.s++ != ':')
		return false;
	t->net.addr.family = family;
	t->net.bits = family == AF_INET ? 32 : 128;
	slash = memchr(r.s, '/', (size_t)(r.end - r.s));
	if (slash != NULL) {
		if (!read_bits((struct range){ slash + 1, r.end },
		    t->net.bits, &t->net.bits))
			return false;
		r.end = slash;
	}
	n = (size_t)(r.end - r.s);
	if (n >= sizeof(text))
		return false;
	memcpy(text, r.s, n);
	text[n] = '\0';
	return inet_pton(family, text, t->net.addr.byte) == 1;
}

static bool
read_ip4(struct range r, struct spf_term *t)
{
	return read_net(r, AF_INET, t);
}

static bool
read_ip6(struct range r, struct spf_term *t)
{
	return read_net(r, AF_INET6, t);
}

static bool
read_mechanism(struct range r, struct spf_term *t)
{
	for (const struct known *k = mechanisms; k->name != NULL; k++)
		if (is_named(t, k->name)) {
			t->kind = k->kind;
			return k->read(r, t);
		}
	return false;
}

/* r is what stands behind the equals sign. */
static bool
read_modifier(struct range r, struct spf_term *t)
{
	size_t	 n = (size_t)(r.end - r.s);

	t->kind = SPF_TERM_IGNORED;
	if (is_named(t, "exp"))
		return spf_domain_spec(r.s, n);
	if (!is_named(t, "redirect"))
		return spf_macro_string(r.s, n);
	t->kind = SPF_TERM_REDIRECT;
	t->spec = r.s;
	t->spec_len = n;
	return spf_domain_spec(r.s, n);
}

static enum spf_result
qualifier(char c)
{
	switch (c) {
	case '-':
		return SPF_FAIL;
	case '~':
		return SPF_SOFTFAIL;
	case '?':
		return SPF_NEUTRAL;
	default:
		return SPF_PASS;
	}
}

static bool
read_term(struct range r, struct spf_term *t)
{
	bool	 qualified = strchr("+-?~", *r.s) != NULL;

	t->result = qualifier(*r.s);
	if (qualified)
		r.s++;
	for (t->name = r.s; r.s < r.end; r.s++)
		if (!is_alpha(*r.s) && !is_digit(*r.s) &&
		    strchr("-_.", *r.s) == NULL)
			break;
	t->name_len = (size_t)(r.s - t->name);
	if (t->name_len == 0 || !is_alpha(*t->name))
		return false;
	if (r.s == r.end || *r.s != '=')
		return read_mechanism(r, t);
	r.s++;
	return !qualified && read_modifier(r, t);
}

bool
spf_record_next(const char **at, struct spf_term *t)
{
	const char	*s = *at;
	struct range	 r;

	memset(t, 0, sizeof(*t));
	if (spf_record_is(s))
		s += MARK_LEN;
	r.s = s + strspn(s, " ");
	r.end = strchrnul(r.s, ' ');
	*at = r.end;
	return *r.s == '\0' || read_term(r, t);
}

/* redirect and exp may stand in a record once (section 6). */
bool
spf_record_check(const char *text, struct spf_term *redirect)
{
	struct spf_term	 t;
	bool		 all = false;
	int		 redirects = 0, exps = 0;

	memset(redirect, 0, sizeof(*redirect));
	do {
		if (!spf_record_next(&text, &t))
			return false;
		all = all || t.kind == SPF_TERM_ALL;
		if (t.kind == SPF_TERM_REDIRECT) {
			*redirect = t;
			redirects++;
		}
		exps += t.kind == SPF_TERM_IGNORED && is_named(&t, "exp");
	} while (t.kind != SPF_TERM_END);
	if (all)
		memset(redirect, 0, sizeof(*redirect));
	return redirects <= 1 && exps <= 1;
}
