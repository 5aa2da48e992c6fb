/*
 * Reads, checks and compares mail addresses (RFC 5321 section 4.1.2, with
 * RFC 6531's UTF-8).  It trusts no byte: addresses are the sender's text, or
 * that of a process which may have been taken over.
 */
#include <stdint.h>
#include <string.h>

#include "addr.h"

/* What is left of a path, and where the address is written. */
struct path {
	const char	*p;
	size_t		 left;
	char		*out;
	size_t		 len;
};

static bool
is_alnum(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9');
}

/* atext of RFC 5322, and any byte of UTF-8, which is checked as a whole. */
static bool
is_atext(unsigned char c)
{
	return c >= 0x80 || is_alnum(c) ||
	    (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool
is_label(unsigned char c)
{
	return c >= 0x80 || is_alnum(c) || c == '-' || c == '_';
}

static char
fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Whether s begins with the text, ASCII letters folded. */
static bool
begins(const char *s, size_t n, const char *text)
{
	for (; *text != '\0'; text++, s++, n--) {
		if (n == 0 || fold(*s) != fold(*text))
			return false;
	}
	return true;
}

/*
 * Bytes of the UTF-8 sequence that s begins with; 0 where it is malformed
 * (RFC 3629: no overlong form, no surrogate, nothing over U+10FFFF).
 */
static size_t
utf8_len(const unsigned char *s, size_t left)
{
	static const uint32_t	 least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t		 code;
	size_t			 i, n;

	if (s[0] < 0x80)
		return 1;
	n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4 || n > left)
		return 0;
	code = s[0] & (0xff >> (n + 1));
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	if (code < least[n] || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return n;
}

bool
addr_clean(const char *text, size_t n)
{
	const unsigned char	*s = (const unsigned char *)text;
	size_t			 i, len;

	for (i = 0; i < n; i += len) {
		if (s[i] < 0x20 || s[i] == 0x7f)
			return false;
		len = utf8_len(s + i, n - i);
		if (len == 0 || (s[i] == 0xc2 && s[i + 1] < 0xa0))
			return false;
	}
	return true;
}

static int
put(struct path *path, char c)
{
	if (path->len == ADDR_MAX - 1)
		return -1;
	path->out[path->len++] = c;
	return 0;
}

/* Copies one byte of the path as it is. */
static int
take(struct path *path)
{
	if (put(path, *path->p) == -1)
		return -1;
	path->p++;
	path->left--;
	return 0;
}

/* Length of what a run of parts with single dots between them has; or 0. */
static size_t
dotted_len(const char *s, size_t n, bool (*is_part)(unsigned char))
{
	size_t	 i, part = 0;

	for (i = 0; i < n; i++) {
		if (is_part((unsigned char)s[i]))
			part++;
		else if (s[i] == '.' && part > 0)
			part = 0;
		else
			break;
	}
	return part > 0 ? i : 0;
}

/* Skips "@one.example,@two.example:"; RFC 5321 says to ignore it. */
static int
skip_route(struct path *path)
{
	size_t	 n;
	char	 end = ',';

	while (end == ',') {
		if (path->left == 0 || *path->p != '@')
			return -1;
		n = dotted_len(path->p + 1, path->left - 1, is_label) + 1;
		if (n == 1 || n == path->left)
			return -1;
		end = path->p[n];
		path->p += n + 1;
		path->left -= n + 1;
	}
	return end == ':' ? 0 : -1;
}

/* Undoes the quotes of what is in path->out, where it is a dot-atom. */
static void
unquote(struct path *path)
{
	size_t	 n = path->len - 2;

	if (n == 0 || dotted_len(path->out + 1, n, is_atext) != n)
		return;
	memmove(path->out, path->out + 1, n);
	memset(path->out + n, 0, 2);
	path->len = n;
}

static int
read_quoted(struct path *path)
{
	char	 c;

	if (take(path) == -1)
		return -1;
	for (;;) {
		if (path->left == 0)
			return -1;
		c = *path->p;
		if (c == '"')
			break;
		if (c == '\\') {
			path->p++;
			path->left--;
			/* RFC 5321's quoted-pair is ASCII alone */
			if (path->left == 0 || (unsigned char)*path->p > 0x7e)
				return -1;
			if ((*path->p == '"' || *path->p == '\\') &&
			    put(path, '\\') == -1)
				return -1;
		}
		if (take(path) == -1)
			return -1;
	}
	if (take(path) == -1)
		return -1;
	unquote(path);
	return 0;
}

static int
read_atoms(struct path *path)
{
	size_t	 n = dotted_len(path->p, path->left, is_atext);

	if (n == 0)
		return -1;
	while (n-- > 0) {
		if (take(path) == -1)
			return -1;
	}
	return 0;
}

/*
 * "[192.0.2.1]" or "[IPv6:2001:db8::1]"; no other kind of literal was ever
 * registered.
 */
static bool
is_literal(const char *s, size_t n)
{
	struct ip_addr	 addr;
	char		 text[ADDR_IP_MAX];
	bool		 six;

	if (n < 2 || s[0] != '[' || s[n - 1] != ']')
		return false;
	s++;
	n -= 2;
	six = begins(s, n, "IPv6:");
	if (six) {
		s += 5;
		n -= 5;
	}
	if (n >= sizeof(text) || (memchr(s, ':', n) != NULL) != six)
		return false;
	memcpy(text, s, n);
	text[n] = '\0';
	return ip_read(text, &addr) == 0;
}

static int
read_domain(struct path *path)
{
	if (path->left == 0 ||
	    (dotted_len(path->p, path->left, is_label) != path->left &&
	    !is_literal(path->p, path->left)))
		return -1;
	while (path->left > 0) {
		if (take(path) == -1)
			return -1;
	}
	return 0;
}

static int
read_path(struct path *path)
{
	if (path->left > 0 && *path->p == '@' && skip_route(path) == -1)
		return -1;
	if (path->left == 0)
		return -1;
	if ((*path->p == '"' ? read_quoted(path) : read_atoms(path)) == -1)
		return -1;
	if (path->left == 0)
		return 0;
	if (*path->p != '@' || take(path) == -1)
		return -1;
	return read_domain(path);
}

int
addr_read_path(const char *s, size_t n, char *out)
{
	struct path	 path = { .p = s, .left = n, .out = out };

	out[0] = '\0';
	if (!addr_clean(s, n) || read_path(&path) == -1) {
		out[0] = '\0';
		return -1;
	}
	out[path.len] = '\0';
	return 0;
}

bool
addr_valid(const char *addr)
{
	char	 again[ADDR_MAX];
	size_t	 n = strnlen(addr, ADDR_MAX);

	if (n == ADDR_MAX || addr_read_path(addr, n, again) == -1)
		return false;
	return strcmp(addr, again) == 0;
}

size_t
addr_local_len(const char *addr)
{
	const char	*p, *at = NULL;
	bool		 quoted = false;

	for (p = addr; *p != '\0'; p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (quoted && *p == '\\' && p[1] != '\0')
			p++;
		else if (!quoted && *p == '@')
			at = p;
	}
	return (size_t)((at != NULL ? at : p) - addr);
}

const char *
addr_domain(const char *addr)
{
	const char	*at = addr + addr_local_len(addr);

	return *at == '@' ? at + 1 : at;
}

bool
addr_equal(const char *a, const char *b)
{
	while (*a != '\0' && fold(*a) == fold(*b)) {
		a++;
		b++;
	}
	return *a == *b;
}

/* Length of "prvs=tag=" before what is left of a local part, or 0. */
static size_t
batv_len(const char *local, size_t n)
{
	size_t	 i = 5;

	if (!begins(local, n, "prvs="))
		return 0;
	while (i < n && is_alnum((unsigned char)local[i]))
		i++;
	if (i == 5 || i + 1 >= n || local[i] != '=' || local[i + 1] == '.')
		return 0;
	return i + 1;
}

void
addr_identity(const char *sender, char *out)
{
	size_t	 tag, local = addr_local_len(sender);

	while ((tag = batv_len(sender, local)) > 0) {
		sender += tag;
		local -= tag;
	}
	(void)strlcpy(out, sender, ADDR_MAX);
}

bool
addr_is_rewritten(const char *sender)
{
	size_t	 tag, n = addr_local_len(sender);

	if (n > 0 && *sender == '"') {
		sender++;
		n--;
	}
	while ((tag = batv_len(sender, n)) > 0) {
		sender += tag;
		n -= tag;
	}
	if ((begins(sender, n, "SRS0") || begins(sender, n, "SRS1")) &&
	    n > 4 && strchr("=+-", sender[4]) != NULL)
		return true;
	for (; n > 0; sender++, n--) {
		if (begins(sender, n, "+SRS=") || begins(sender, n, "+caf_="))
			return true;
	}
	return false;
}
