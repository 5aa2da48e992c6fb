/*
 * Security strings that hit more than they seem to, that any sender can
 * write, or that are never needed.  Pure.  Trusts that they were compiled
 * when the policy was loaded; never quotes them, they are secrets.
 */
#include <ctype.h>
#include <string.h>

#include "conf_string.h"
#include "lint_string.h"

#define KEYWORD_MIN	10	/* characters that nobody guesses */
#define KEYWORD_CHARS	"abcdefghijklmnopqrstuvwxyz-_" \
			"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define GROUPS_MIN	3	/* that make an address */

/* How IP addresses are written, and what to say of an open end. */
struct form {
	char		 joint;		/* between two groups of digits */
	const char	*digits;
	const char	*open;
};

static const struct form forms[] = {
	{ '.', "0123456789", "octets without an anchor: 22.22.22 also hits "
	    "122.22.221; write them as the field has them, as in "
	    "\"[[]22.22.22.22]\"" },
	{ ':', "0123456789abcdefABCDEF", "an IPv6 address without an anchor: "
	    "2001:db8::1 also hits 2001:db8::12; write it as the field has "
	    "it, as in \"[[]IPv6:2001:db8::1]\"" }
};

/* Length of a list of nothing but digits; 0: this is none. */
static size_t
digit_list(const struct form *f, const char *s)
{
	size_t n;

	if (s[0] != '[' || strspn(s + 1, f->digits) == 0)
		return 0;
	for (n = 1; s[n] == '-' || s[n] == ',' ||
	    strspn(s + n, f->digits) > 0; n++)
		;
	return s[n] == ']' ? n + 1 : 0;
}

/* Behind the digits, and what can stand for one, that begin at s. */
static const char *
skip_group(const struct form *f, const char *s)
{
	size_t n;

	do {
		n = strspn(s, f->digits) + strspn(s, "#?") + digit_list(f, s);
		s += n;
	} while (n > 0);
	return s;
}

/* How many groups stand from s on, and where the last one ends. */
static size_t
count_groups(const struct form *f, const char *s, const char **behind)
{
	const char *next;
	size_t n = 0;

	for (;; s = next + 1) {
		next = skip_group(f, s);
		if (next > s) {
			n++;
			*behind = next;
		} else if (n == 0 || f->joint == '.')
			return n;
		if (*next != f->joint)
			return n;
	}
}

/* As in "Date: *10:30:00": no address is all of such short numbers. */
static bool
is_time(const char *s, const char *end)
{
	size_t n;

	for (; s < end; s += n + (s[n] == ':')) {
		n = strspn(s, "0123456789");
		if (n != 2 || (s + n < end && s[n] != ':'))
			return false;
	}
	return true;
}

/* "22.22.22" also hits 122.22.221. */
static bool
has_open_address(const struct form *f, const char *s, size_t len)
{
	const char *p, *behind;

	for (p = s; p < s + len; p++) {
		if (count_groups(f, p, &behind) < GROUPS_MIN)
			continue;
		if (is_time(p, behind))
			;	/* none of either form */
		else if (p == s || p[-1] == '*' || behind == s + len ||
		    *behind == '*')
			return true;
		p = behind;
	}
	return false;
}

/* Letters and digits, and no part of a host name or mail address. */
static bool
is_random(const char *s, size_t at, size_t n)
{
	bool letter = false, digit = false;
	size_t i;

	for (i = at; i < at + n; i++) {
		letter |= isalpha((unsigned char)s[i]) != 0;
		digit |= isdigit((unsigned char)s[i]) != 0;
	}
	return letter && digit && strspn(s + at + n, ".@") == 0 &&
	    (at == 0 || (s[at - 1] != '.' && s[at - 1] != '@'));
}

/* The rule that lmtpd.conf(5) tells, CHANNELS' security-string. */
static bool
has_keyword(const char *s, size_t len)
{
	size_t i, n;

	for (i = 0; i < len; i += n) {
		n = strspn(s + i, KEYWORD_CHARS);
		if (n >= KEYWORD_MIN && is_random(s, i, n))
			return true;
		if (n == 0)
			n = s[i] == '[' ? strcspn(s + i, "]") : 1;
	}
	return false;
}

/* The alternative that is found wherever this plain one is; 0: none. */
static size_t
found_before(const struct grant *g, size_t nth, const char *s, size_t len)
{
	size_t i;

	if (strcspn(s, "*?#[") < len)
		return 0;
	for (i = 1; i <= g->alternatives; i++)
		if (i != nth && like_match(g->alternative[i - 1].like, s, len))
			return i;
	return 0;
}

static void
lint_alternative(struct conf_errors *l, const struct grant *g, size_t nth,
    const char *s, size_t len)
{
	size_t i, other = found_before(g, nth, s, len);

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (has_open_address(&forms[i], s, len))
			conf_doubt(l, g->where, "security-string: alternative "
			    "%zu has %s", nth, forms[i].open);
	if (!has_keyword(s, len))
		conf_doubt(l, g->where, "security-string: alternative %zu is "
		    "no secret: any sender can write it into a field of their "
		    "own mail; put a keyword of 12 or more random letters and "
		    "digits in its place (openssl rand -hex 8)", nth);
	if (other != 0)
		conf_doubt(l, g->where, "security-string: alternative %zu is "
		    "never needed: where it stands, alternative %zu is found "
		    "too; take one of the two out", nth, other);
}

void
lint_string(struct conf_errors *l, const struct grant *g)
{
	const char *s = g->security_string;
	size_t nth, len;

	for (nth = 1; nth <= g->alternatives; nth++) {
		len = string_alternative(s);
		lint_alternative(l, g, nth, s, len);
		s += len + (s[len] == ';');
	}
}
