/*
 * Security strings of the configuration.  Trusts their author, not his
 * attention: a string that would let everybody in, or nobody, is an error.
 */
#include <stdlib.h>
#include <string.h>

#include "conf_string.h"
#include "like.h"

#define ATEXT	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" \
		"0123456789!#$%&'*+-/=?^_`{|}~"
#define WILD	"*?#["

#define MATCHES_EVERYTHING	"matches every header: name something that " \
				"must stand in it"

size_t
string_alternative(const char *s)
{
	size_t i;
	bool list = false;

	for (i = 0; s[i] != '\0' && (list || s[i] != ';'); i++)
		if (s[i] == '[')
			list = true;
		else if (s[i] == ']')
			list = false;
	return i;
}

/* Whether some character of a pattern must stand in the text. */
static bool
asks_for_something(const char *s, size_t n)
{
	size_t i, end;

	for (i = 0; i < n; i++) {
		if (s[i] == '*' || s[i] == '?')
			continue;
		if (s[i] != '[')
			return true;
		for (end = i + 1; end < n && s[end] != ']'; end++)
			;
		if (end > i + 1 && (s[i + 1] != '!' || end == i + 2))
			return true;
		i = end;
	}
	return false;
}

/* Whether n bytes are all of a set. */
static bool
all_of(const char *s, size_t n, const char *set)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strchr(set, s[i]) == NULL)
			return false;
	return true;
}

static bool
has_wildcard(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strchr(WILD, s[i]) != NULL)
			return true;
	return false;
}

/* What is wrong with an alternative without wildcards; NULL: nothing. */
static const char *
plain_fault(const char *s, size_t n)
{
	if (all_of(s, n, "0123456789"))
		return "has nothing but digits, which stand in many headers: "
		    "add letters";
	if (memchr(s, ':', n) == NULL && !all_of(s, n, ATEXT ".@"))
		return "has a character that no address has: take it "
		    "out, use a wildcard, or write \"Field: value\"";
	return NULL;
}

static const char *
alternative_fault(const char *s, size_t n)
{
	size_t i;

	if (n == 0)
		return "is empty: write text on both sides of each \";\"";
	for (i = 0; i < n; i++)
		if (s[i] < ' ' || s[i] > '~')
			return "has a character that is not printable ASCII: "
			    "take it out";
	if (s[0] == '.' || s[n - 1] == '.')
		return "begins or ends with a dot: take that out";
	if (!asks_for_something(s, n))
		return MATCHES_EVERYTHING;
	return has_wildcard(s, n) ? NULL : plain_fault(s, n);
}

/* As ":" does, and "[ -~]": it stands in the least that a field can be. */
static bool
matches_any_field(const struct like *like)
{
	static const char *const least[] = { "a:\n", "Z:\n", "0:\n" };
	size_t i;

	for (i = 0; i < sizeof(least) / sizeof(least[0]); i++)
		if (!like_match(like, least[i], strlen(least[i])))
			return false;
	return true;
}

/* A dot-atom (RFC 5322 section 3.2.3) can be the local part of an address. */
static bool
is_keyword(const char *s, size_t n)
{
	return !has_wildcard(s, n) && all_of(s, n, ATEXT ".") &&
	    memmem(s, n, "..", 2) == NULL;
}

static int
make_alternative(struct conf_errors *e, struct where where, const char *s,
    size_t n, struct grant *g)
{
	struct alternative *a = &g->alternative[g->alternatives++];
	unsigned int nth = (unsigned int)g->alternatives;
	const char *fault = alternative_fault(s, n);
	struct like_error error = { 0 };

	if (fault != NULL) {
		conf_error(e, where, "security-string: alternative %u %s", nth,
		    fault);
		return -1;
	}
	a->like = like_compile(s, n, LIKE_SEARCH |
	    (g->compare_text ? LIKE_TEXT : 0), &error);
	if (a->like == NULL) {
		conf_error(e, where, "security-string: alternative %u: %s: %s",
		    nth, error.what == NULL ? "no memory" : error.what,
		    error.right == NULL ? "try again" : error.right);
		return -1;
	}
	if (matches_any_field(a->like)) {
		conf_error(e, where, "security-string: alternative %u "
		    MATCHES_EVERYTHING, nth);
		return -1;
	}
	if (is_keyword(s, n)) {
		a->keyword = conf_room(n + 1, 1);
		memcpy(a->keyword, s, n);
	}
	return 0;
}

static size_t
count_alternatives(const char *s)
{
	size_t n = 1;

	for (s += string_alternative(s); *s != '\0';
	    s += string_alternative(s + 1) + 1)
		n++;
	return n;
}

int
string_make(struct conf_errors *e, const struct conf_value *v,
    struct grant *g)
{
	const char *s = v->text;
	int rv = 0;
	size_t n;

	if (*s == '\0')
		return 0;
	g->alternative = conf_room(count_alternatives(s),
	    sizeof(*g->alternative));
	for (;; s += n + 1) {
		n = string_alternative(s);
		if (make_alternative(e, v->where, s, n, g) == -1)
			rv = -1;
		if (s[n] == '\0')
			return rv;
	}
}
