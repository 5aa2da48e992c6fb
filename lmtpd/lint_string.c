/*
 * Security strings that hit more than they seem to.  Pure.  Trusts that they
 * were compiled when the policy was loaded; never quotes them, they are
 * secrets.
 */
#include <ctype.h>
#include <string.h>

#include "conf_rule.h"
#include "lint_string.h"

/* Behind the digits, "#" and lists of digits that begin at s. */
static const char *
skip_octet(const char *s, const char *end)
{
	size_t n;

	for (; s < end; s++) {
		if (isdigit((unsigned char)*s) || *s == '#')
			continue;
		if (*s != '[' || (n = strspn(s + 1, "0123456789-,")) == 0 ||
		    s[n + 1] != ']')
			break;
		s += n + 1;
	}
	return s;
}

/* How many octets stand from s on, joined by dots, and where they end. */
static size_t
count_octets(const char *s, const char *end, const char **behind)
{
	size_t n = 0;

	for (;;) {
		*behind = skip_octet(s, end);
		if (*behind == s)
			return n;
		n++;
		if (*behind == end || **behind != '.')
			return n;
		s = *behind + 1;
	}
}

/* "22.22.22" also hits 122.22.221: three octets or more at an open end. */
static bool
has_open_octets(const char *s, size_t len)
{
	const char *end = s + len, *p, *behind;
	bool open_left, open_right;

	for (p = s; p < end; p++) {
		if (count_octets(p, end, &behind) >= 3) {
			open_left = p == s || p[-1] == '*';
			open_right = behind == end || *behind == '*';
			return open_left || open_right;
		}
	}
	return false;
}

void
lint_string(struct conf_errors *l, const struct grant *g)
{
	const char *s = g->security_string;
	unsigned int nth = 1;
	size_t n;

	for (; *s != '\0'; nth++) {
		n = rule_alternative(s);
		if (has_open_octets(s, n))
			conf_doubt(l, g->where, "security-string: alternative "
			    "%u has octets without an anchor: 22.22.22 also "
			    "hits 122.22.221; write them as the field has "
			    "them, as in \"[[]22.22.22.22]\"", nth);
		s += n;
		if (*s == ';')
			s++;
	}
}
