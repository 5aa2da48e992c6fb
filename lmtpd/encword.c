/*
 * Encoded words (RFC 2047).  Trusts nobody: every byte is the sender's.
 *
 * No text makes this slow.  Neither a charset nor an encoded text holds "?",
 * and no charset holds "=", so that a "=?" that begins no word is read on to
 * where the next one stands at the earliest, and no byte is read more than
 * once as a charset and once as a text.
 */
#include <string.h>
#include <strings.h>

#include "encword.h"
#include "hex.h"

#define GROUP		4	/* characters of base64 that make 3 bytes */

static const char	 base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "abcdefghijklmnopqrstuvwxyz0123456789+/";
static const char	 base64_x[] = "eHh4";	/* "xxx" */

static const char *const whole_charsets[] = {
	"us-ascii", "utf-8", "koi8-r", "koi8-u"
};
static const char *const numbered_charsets[] = {
	"iso-8859-", "windows-125", "cp125"
};

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
is_printable(char c)
{
	return c > ' ' && c <= '~';
}

static bool
is_token(char c)
{
	return is_printable(c) && strchr("()<>@,;:\"/[]?.=", c) == NULL;
}

/* The value of a digit of the base; -1: it is none. */
static int
base64_digit(char c)
{
	const char	*digit = c == '\0' ? NULL : strchr(base64, c);

	return digit == NULL ? -1 : (int)(digit - base64);
}

static bool
is_number(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] < '0' || s[i] > '9')
			return false;
	return n > 0;
}

static bool
is_charset(const char *s, size_t n)
{
	size_t	 len;

	for (size_t i = 0; i < NELEM(whole_charsets); i++)
		if (strlen(whole_charsets[i]) == n &&
		    strncasecmp(s, whole_charsets[i], n) == 0)
			return true;
	for (size_t i = 0; i < NELEM(numbered_charsets); i++) {
		len = strlen(numbered_charsets[i]);
		if (n > len && strncasecmp(s, numbered_charsets[i], len) == 0)
			return is_number(s + len, n - len);
	}
	return false;
}

/* Length of what n bytes begin with: a charset of ours and maybe a language,
 * behind a "*".  0: something else. */
static size_t
charset_len(const char *s, size_t n)
{
	const char	*star;
	size_t		 len = 0;

	while (len < n && is_token(s[len]))
		len++;
	if ((star = memchr(s, '*', len)) == NULL)
		return is_charset(s, len) ? len : 0;
	if (star == s + len - 1 || !is_charset(s, star - s))
		return 0;
	return len;
}

static size_t
q_len(const char *s, size_t n)
{
	size_t	 len = 0;

	while (len < n && is_printable(s[len]) && s[len] != '?') {
		if (s[len] != '=') {
			len++;
			continue;
		}
		if (n - len < 3 || hex_digit(s[len + 1]) == -1 ||
		    hex_digit(s[len + 2]) == -1)
			return 0;
		len += 3;
	}
	return len;
}

static size_t
base64_len(const char *s, size_t n)
{
	size_t	 len = 0, digits;

	while (len < n && base64_digit(s[len]) != -1)
		len++;
	digits = len;
	while (len < n && len - digits < 2 && s[len] == '=')
		len++;
	return len % GROUP == 0 ? len : 0;
}

/* Read the word of n bytes that begins at w->at, with "=?". */
static bool
read_word(const char *s, size_t n, struct encword *w)
{
	size_t	 len = charset_len(s + w->at + 2, n - w->at - 2);
	size_t	 i = w->at + 2 + len;

	if (len == 0 || n - i < 3 || s[i] != '?' || s[i + 2] != '?')
		return false;
	w->base64 = s[i + 1] == 'B' || s[i + 1] == 'b';
	if (!w->base64 && s[i + 1] != 'Q' && s[i + 1] != 'q')
		return false;
	w->text = i + 3;
	w->text_len = w->base64 ? base64_len(s + w->text, n - w->text) :
	    q_len(s + w->text, n - w->text);
	i = w->text + w->text_len;
	w->len = i + 2 - w->at;
	return w->text_len > 0 && n - i >= 2 && memcmp(s + i, "?=", 2) == 0;
}

bool
encword_next(const char *s, size_t n, size_t from, struct encword *w)
{
	const char	*found;

	while ((found = memmem(s + from, n - from, "=?", 2)) != NULL) {
		w->at = found - s;
		if (read_word(s, n, w))
			return true;
		from = w->at + 2;
	}
	return false;
}

/* A byte of a word must end no field, and no string. */
static char
tame(int c)
{
	return c == '\r' || c == '\n' || c == '\0' ? ' ' : (char)c;
}

static size_t
decode_q(const char *s, size_t n, char *out)
{
	size_t	 len = 0;

	for (size_t i = 0; i < n; i++)
		if (s[i] == '=') {
			out[len++] = tame(hex_digit(s[i + 1]) << 4 |
			    hex_digit(s[i + 2]));
			i += 2;
		} else
			out[len++] = s[i] == '_' ? ' ' : s[i];
	return len;
}

static size_t
decode_base64(const char *s, size_t n, char *out)
{
	unsigned int	 bits = 0, held = 0;
	size_t		 len = 0;

	for (size_t i = 0; i < n && s[i] != '='; i++) {
		bits = (bits << 6 | (unsigned int)base64_digit(s[i])) & 0xffff;
		held += 6;
		if (held >= 8) {
			held -= 8;
			out[len++] = tame(bits >> held & 0xff);
		}
	}
	return len;
}

static bool
all_blank(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!is_blank(s[i]))
			return false;
	return true;
}

size_t
encword_decode(const char *s, size_t n, char *out, size_t *words)
{
	struct encword	 w;
	size_t		 at = 0, len = 0;

	for (*words = 0; encword_next(s, n, at, &w); ++*words) {
		if (*words == 0 || !all_blank(s + at, w.at - at)) {
			memcpy(out + len, s + at, w.at - at);
			len += w.at - at;
		}
		len += w.base64 ?
		    decode_base64(s + w.text, w.text_len, out + len) :
		    decode_q(s + w.text, w.text_len, out + len);
		at = w.at + w.len;
	}
	memcpy(out + len, s + at, n - at);
	return len + n - at;
}

void
encword_blank(char *s, const struct encword *w)
{
	char	*text = s + w->text;

	for (size_t i = 0; i < w->text_len; i++)
		text[i] = w->base64 ? base64_x[i % GROUP] : 'x';
}
