/*
 * Makes a telephone number of a recipient's local part.  It trusts nothing:
 * the local part is the sender's text, and what leaves here becomes an
 * argument of a backend, so that only digits and one leading "+" do.
 */
#include <stdbool.h>
#include <string.h>

#include "number.h"

#define DIGITS_MAX	32	/* of prefix, trunk and number, before rules */
#define E164_MIN	3
#define E164_MAX	15
#define SHORT_MAX	6

/* The digits of a local part, its separators gone. */
struct digits {
	char	 text[DIGITS_MAX + 1];
	size_t	 n;
	bool	 plus;
};

/* Digits in front of the country code: those of a leading "00". */
static size_t
prefix_len(const struct digits *d)
{
	if (!d->plus && strncmp(d->text, "00", 2) == 0)
		return 2;
	return 0;
}

/*
 * "+41 (0)79 ...": the trunk prefix shown to readers at home, not dialled.  It
 * can stand only behind a country code, which has one to three digits.
 */
static bool
is_shown_trunk(const struct digits *d, const char *s, size_t left)
{
	size_t	 code = d->n - prefix_len(d);

	if (left < 3 || memcmp(s, "(0)", 3) != 0)
		return false;
	return (d->plus || prefix_len(d) > 0) && code >= 1 && code <= 3;
}

static int
add_byte(struct digits *d, char c)
{
	if (c >= '0' && c <= '9') {
		if (d->n == DIGITS_MAX)
			return -1;
		d->text[d->n++] = c;
		return 0;
	}
	if (c == '+' && !d->plus && d->n == 0) {
		d->plus = true;
		return 0;
	}
	return c != '\0' && strchr(" -./()", c) != NULL ? 0 : -1;
}

static int
read_digits(const char *s, size_t n, struct digits *d)
{
	bool	 shown = false;
	size_t	 i;

	memset(d, 0, sizeof(*d));
	if (n >= 2 && s[0] == '"' && s[n - 1] == '"') {
		s++;
		n -= 2;
	}
	for (i = 0; i < n; i++) {
		if (!shown && is_shown_trunk(d, s + i, n - i)) {
			shown = true;
			i += 2;
		} else if (add_byte(d, s[i]) == -1)
			return -1;
	}
	return 0;
}

/* Writes country code and number with their "+". */
static enum addr_number
write_e164(const char *country, const char *rest, char *out)
{
	size_t	 a = strlen(country), b = strlen(rest);

	if (b == 0 || a > E164_MAX || a + b < E164_MIN || a + b > E164_MAX)
		return NUMBER_BAD;
	if ((a > 0 ? country[0] : rest[0]) == '0')
		return NUMBER_BAD;
	out[0] = '+';
	memcpy(out + 1, country, a);
	memcpy(out + 1 + a, rest, b + 1);
	return NUMBER_E164;
}

enum addr_number
addr_number(const char *local, size_t n, const char *country,
    const char *trunk, char *out)
{
	struct digits	 d;
	size_t		 t = strlen(trunk);

	out[0] = '\0';
	if (read_digits(local, n, &d) == -1)
		return NUMBER_BAD;
	if (d.plus || prefix_len(&d) > 0)
		return write_e164("", d.text + prefix_len(&d), out);
	if (t > 0 && strncmp(d.text, trunk, t) == 0) {
		if (country[0] == '\0')
			return NUMBER_BAD;
		return write_e164(country, d.text + t, out);
	}
	if (d.n > SHORT_MAX)
		return write_e164("", d.text, out);
	if (d.n < E164_MIN)
		return NUMBER_BAD;
	memcpy(out, d.text, d.n + 1);
	return NUMBER_SHORT;
}
