/*
 * Looks for the line that ends a text.  Trusts the patterns.
 */
#include <stdbool.h>
#include <string.h>

#include "like.h"
#include "text_cut.h"

static bool
matches(const char *line, size_t n, struct like *const *patterns, size_t np)
{
	for (size_t i = 0; i < np; i++)
		if (like_match(patterns[i], line, n) ||
		    (n > 0 && line[n - 1] == ' ' &&
		    like_match(patterns[i], line, n - 1)))
			return true;
	return false;
}

size_t
text_cut(const char *s, size_t n, struct like *const *patterns, size_t np)
{
	const char	*end;
	size_t		 at, len;

	for (at = 0; at < n; at += len + 1) {
		end = memchr(s + at, '\n', n - at);
		len = end != NULL ? (size_t)(end - (s + at)) : n - at;
		if (matches(s + at, len, patterns, np))
			return at;
	}
	return n;
}
