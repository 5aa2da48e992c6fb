/*
 * Words of a command line, and the xtext in them.  Trusts no byte.
 */
#include <sys/types.h>

#include <string.h>
#include <strings.h>

#include "hex.h"
#include "addr.h"
#include "lmtp_text.h"

bool
lmtp_is(struct lmtp_text text, const char *word)
{
	return text.n == strlen(word) && strncasecmp(text.p, word, text.n) == 0;
}

void
lmtp_skip(struct lmtp_text *text, size_t n)
{
	text->p += n;
	text->n -= n;
}

void
lmtp_skip_blanks(struct lmtp_text *text)
{
	while (text->n > 0 && *text->p == ' ')
		lmtp_skip(text, 1);
}

bool
lmtp_word(struct lmtp_text *rest, struct lmtp_text *word)
{
	const char	*blank;

	lmtp_skip_blanks(rest);
	blank = memchr(rest->p, ' ', rest->n);
	word->p = rest->p;
	word->n = blank != NULL ? (size_t)(blank - rest->p) : rest->n;
	lmtp_skip(rest, word->n);
	return word->n > 0;
}

void
lmtp_split(struct lmtp_text word, struct lmtp_text *key,
    struct lmtp_text *value)
{
	const char	*equals = memchr(word.p, '=', word.n);

	*key = word;
	*value = (struct lmtp_text){ NULL, 0 };
	if (equals == NULL)
		return;
	key->n = (size_t)(equals - word.p);
	value->p = equals + 1;
	value->n = word.n - key->n - 1;
}

/* Length of the decoded text; -1 where it is no xtext or too long. */
static ssize_t
decode_xtext(struct lmtp_text text, char *out, size_t size)
{
	size_t	 i, len = 0;
	int	 high, low;

	for (i = 0; i < text.n; i++) {
		if (len == size)
			return -1;
		out[len++] = text.p[i];
		if (text.p[i] != '+')
			continue;
		if (text.n - i < 3)
			return -1;
		high = hex_digit(text.p[i + 1]);
		low = hex_digit(text.p[i + 2]);
		if (high == -1 || low == -1)
			return -1;
		out[len - 1] = (char)(high << 4 | low);
		i += 2;
	}
	return (ssize_t)len;
}

int
lmtp_xtext(struct lmtp_text text, char *out, size_t size)
{
	ssize_t	 len = decode_xtext(text, out, size - 1);

	if (len == -1) {
		if (text.n > size - 1)
			return -1;
		memcpy(out, text.p, text.n);
		len = (ssize_t)text.n;
	}
	out[len] = '\0';
	return len > 0 && addr_clean(out, (size_t)len) ? 0 : -1;
}
