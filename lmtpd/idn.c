/*
 * Internationalised domains as A-labels.  Trusts libidn2 with any bytes, and
 * opens it only for a domain that is not ASCII: it and its tables would cost
 * every delivery memory and time that few need.
 */
#include <dlfcn.h>
#include <idn2.h>
#include <stdbool.h>
#include <string.h>

#include "idn.h"

#define LIBIDN2	"libidn2.so.0"

static bool
is_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s > 0x7f)
			return false;
	return true;
}

static void
fold(char *s)
{
	for (; *s != '\0'; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s += 'a' - 'A';
}

/* UTS 46 maps some characters to what no label holds, U+FF20 to "@". */
static bool
is_hostname(const char *s)
{
	return s[strspn(s, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")] == '\0';
}

static int
convert(void *lib, const char *domain, char *out, size_t size)
{
	__typeof__(&idn2_to_ascii_8z) to_ascii;
	__typeof__(&idn2_free) release;
	char *ascii = NULL;
	int rc, rv = -1;

	to_ascii = (__typeof__(to_ascii))dlsym(lib, "idn2_to_ascii_8z");
	release = (__typeof__(release))dlsym(lib, "idn2_free");
	if (to_ascii == NULL || release == NULL)
		return -2;
	rc = to_ascii(domain, &ascii, IDN2_NONTRANSITIONAL);
	if (rc == IDN2_MALLOC)
		return -2;
	if (rc == IDN2_OK && is_hostname(ascii) &&
	    strlcpy(out, ascii, size) < size)
		rv = 0;
	release(ascii);
	return rv;
}

int
idn_to_ascii(const char *domain, char *out, size_t size)
{
	static void *lib;	/* kept: opening it costs milliseconds */
	int rc;

	if (is_ascii(domain)) {
		if (strlcpy(out, domain, size) >= size)
			return -1;
	} else {
		if (lib == NULL)
			lib = dlopen(LIBIDN2, RTLD_NOW | RTLD_LOCAL);
		rc = lib == NULL ? -2 : convert(lib, domain, out, size);
		if (rc != 0)
			return rc;
	}
	fold(out);
	return 0;
}
