/*
 * Mail addresses as the configuration and the tables hold them.  Trusts no
 * byte; what is doubtful is told with what would be right.
 */
#include <stdbool.h>
#include <string.h>

#include "email.h"
#include "idn.h"

#define DOMAIN_MAX_LEN	253
#define LABEL_MAX_LEN	63

/* What is wrong with a domain of ASCII characters; NULL: nothing. */
const char *
email_domain_fault(const char *s)
{
	size_t len;

	if (*s == '\0')
		return "it is empty, write one such as \"example.com\"";
	if (*s == '@')
		return "write it without the \"@\"";
	if (strpbrk(s, "*?[") != NULL)
		return "it covers exactly one domain, no pattern: name each";
	if (s[strlen(s) - 1] == '.')
		return "write it without the dot at its end";
	if (strlen(s) > DOMAIN_MAX_LEN)
		return "a domain has up to 253 characters";
	for (;; s += len + 1) {
		len = strcspn(s, ".");
		if (len == 0 || len > LABEL_MAX_LEN)
			return "between dots stand 1 to 63 characters";
		if (*s == '-' || s[len - 1] == '-')
			return "no part of a domain begins or ends with \"-\"";
		if (strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-_") < len)
			return "a domain has letters, digits, \"-\" and dots";
		if (s[len] == '\0')
			return NULL;
	}
}

/* Local part and A-labels together, in lower case.  0; -1: too long. */
static int
join(const char *path, size_t local, const char *ascii, char *out)
{
	size_t i, n = strlen(ascii);

	if (local + 1 + n >= ADDR_MAX)
		return -1;
	memcpy(out, path, local);
	out[local] = '@';
	memcpy(out + local + 1, ascii, n + 1);
	for (i = 0; i < local; i++)
		if (out[i] >= 'A' && out[i] <= 'Z')
			out[i] += 'a' - 'A';
	return 0;
}

/* As addr_read_path() and addr_valid() together: what the first left as it was
 * need not be read twice. */
static bool
read_path(const char *text, size_t n, char *path)
{
	if (addr_read_path(text, n, path) == -1)
		return false;
	return (strlen(path) == n && memcmp(path, text, n) == 0) ||
	    addr_valid(path);
}

const char *
email_read(const char *text, size_t n, char out[ADDR_MAX])
{
	char path[ADDR_MAX], identity[ADDR_MAX], ascii[ADDR_MAX];
	const char *domain, *fault;
	size_t local;

	if (n == 0 || n >= ADDR_MAX || !read_path(text, n, path))
		return "write an address such as \"alice@example.com\"";
	addr_identity(path, identity);
	if (strcmp(path, identity) != 0)
		return "write it without its \"prvs=\" tag, which is taken "
		    "off before comparing";
	local = addr_local_len(path);
	if (path[local] == '\0' || path[local + 1] == '\0')
		return "its domain is missing";
	domain = path + local + 1;
	if (idn_to_ascii(domain, ascii, sizeof(ascii)) != 0)
		return "its domain has no ASCII form (IDNA): write it as "
		    "\"xn--...\"";
	if (*domain != '[' && (fault = email_domain_fault(ascii)) != NULL)
		return fault;
	if (join(path, local, ascii, out) == -1)
		return "it is too long";
	return NULL;
}
