/*
 * Looks for the names of charsets.  Trusts no byte.
 */
#include <assert.h>
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "text_names.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

/* Sorted.  US-ASCII and UTF-8 need no file. */
const struct text_name text_names[] = {
	{ "big5", "BIG5-HKSCS" },
	{ "big5-hkscs", NULL },
	{ "cn-big5", "BIG5-HKSCS" },
	{ "cp1250", NULL },
	{ "cp1251", NULL },
	{ "cp1252", NULL },
	{ "cp1253", NULL },
	{ "cp1254", NULL },
	{ "cp1255", NULL },
	{ "cp1256", NULL },
	{ "cp1257", NULL },
	{ "cp1258", NULL },
	{ "cp437", NULL },
	{ "cp737", NULL },
	{ "cp775", NULL },
	{ "cp850", NULL },
	{ "cp852", NULL },
	{ "cp855", NULL },
	{ "cp857", NULL },
	{ "cp858", "CP850" },
	{ "cp862", NULL },
	{ "cp866", NULL },
	{ "cp874", NULL },
	{ "cp932", NULL },
	{ "cp936", "GBK" },
	{ "cp949", NULL },
	{ "cp950", "BIG5" },
	{ "csbig5", "BIG5-HKSCS" },
	{ "cseuckr", "CP949" },
	{ "csgb2312", "GB18030" },
	{ "csiso2022jp", "ISO-2022-JP" },
	{ "csisolatin1", "ISO-8859-1" },
	{ "csisolatin2", "ISO-8859-2" },
	{ "cskoi8r", "KOI8-R" },
	{ "csshiftjis", "CP932" },
	{ "euc-cn", "GB18030" },
	{ "euc-jp", "EUC-JP-MS" },
	{ "euc-kr", "CP949" },
	{ "euc-tw", NULL },
	{ "eucjp", "EUC-JP-MS" },
	{ "euckr", "CP949" },
	{ "gb18030", NULL },
	{ "gb2312", "GB18030" },
	{ "gb_2312-80", "GB18030" },
	{ "gbk", "GB18030" },
	{ "georgian-ps", NULL },
	{ "hp-roman8", NULL },
	{ "ibm437", NULL },
	{ "ibm737", "CP737" },
	{ "ibm775", "CP775" },
	{ "ibm850", NULL },
	{ "ibm852", NULL },
	{ "ibm855", NULL },
	{ "ibm857", NULL },
	{ "ibm862", NULL },
	{ "ibm866", NULL },
	{ "iso-10646-ucs-2", "UTF-16" },
	{ "iso-2022-cn", NULL },
	{ "iso-2022-cn-ext", NULL },
	{ "iso-2022-jp", "ISO-2022-JP-3" },
	{ "iso-2022-jp-1", "ISO-2022-JP-2" },
	{ "iso-2022-jp-2", NULL },
	{ "iso-2022-jp-3", NULL },
	{ "iso-2022-kr", NULL },
	{ "iso-8859-1", NULL },
	{ "iso-8859-10", NULL },
	{ "iso-8859-11", NULL },
	{ "iso-8859-13", NULL },
	{ "iso-8859-14", NULL },
	{ "iso-8859-15", NULL },
	{ "iso-8859-16", NULL },
	{ "iso-8859-2", NULL },
	{ "iso-8859-3", NULL },
	{ "iso-8859-4", NULL },
	{ "iso-8859-5", NULL },
	{ "iso-8859-6", NULL },
	{ "iso-8859-6-e", "ISO-8859-6" },
	{ "iso-8859-6-i", "ISO-8859-6" },
	{ "iso-8859-7", NULL },
	{ "iso-8859-8", NULL },
	{ "iso-8859-8-e", "ISO-8859-8" },
	{ "iso-8859-8-i", "ISO-8859-8" },
	{ "iso-8859-9", NULL },
	{ "iso-8859-9e", NULL },
	{ "iso-ir-100", "ISO-8859-1" },
	{ "johab", NULL },
	{ "koi8-r", NULL },
	{ "koi8-ru", "KOI8-U" },
	{ "koi8-t", NULL },
	{ "koi8-u", NULL },
	{ "ks_c_5601-1987", "CP949" },
	{ "ksc-5601", "CP949" },
	{ "ksc-5601-1987", "CP949" },
	{ "ksc5601", "CP949" },
	{ "ksc_5601", "CP949" },
	{ "ksc_5601-1987", "CP949" },
	{ "latin-9", "ISO-8859-15" },
	{ "latin1", NULL },
	{ "latin2", NULL },
	{ "latin9", "ISO-8859-15" },
	{ "mac", "MACINTOSH" },
	{ "mac-cyrillic", "MAC-CYRILLIC" },
	{ "maccyrillic", "MAC-CYRILLIC" },
	{ "macintosh", NULL },
	{ "ms_kanji", "CP932" },
	{ "shift-jis", "CP932" },
	{ "shift_jis", "CP932" },
	{ "sjis", "CP932" },
	{ "tcvn", NULL },
	{ "tis-620", NULL },
	{ "uhc", NULL },
	{ "unicode-1-1-utf-7", "UTF-7" },
	{ "utf-16", NULL },
	{ "utf-16be", NULL },
	{ "utf-16le", NULL },
	{ "utf-32", NULL },
	{ "utf-32be", NULL },
	{ "utf-32le", NULL },
	{ "utf-7", NULL },
	{ "viscii", NULL },
	{ "windows-1250", NULL },
	{ "windows-1251", NULL },
	{ "windows-1252", NULL },
	{ "windows-1253", NULL },
	{ "windows-1254", NULL },
	{ "windows-1255", NULL },
	{ "windows-1256", NULL },
	{ "windows-1257", NULL },
	{ "windows-1258", NULL },
	{ "windows-31j", NULL },
	{ "windows-874", "CP874" },
	{ "windows-936", "GB18030" },
	{ "windows-949", "CP949" },
	{ "x-cp1250", "CP1250" },
	{ "x-cp1251", "CP1251" },
	{ "x-cp1252", "CP1252" },
	{ "x-euc-jp", "EUC-JP-MS" },
	{ "x-gbk", "GB18030" },
	{ "x-mac-cyrillic", "MAC-CYRILLIC" },
	{ "x-mac-roman", "MACINTOSH" },
	{ "x-sjis", "CP932" },
	{ "x-windows-949", "CP949" }
};
const size_t text_nnames = NELEM(text_names);
static_assert(NELEM(text_names) <= TEXT_NAMES_MAX, "more names than room");

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* A byte that a name has, so that none begins or ends beside it. */
static bool
is_of_name(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/* As strcmp(3), of n bytes in any case and a name. */
static int
compare(const char *s, size_t n, const char *name)
{
	size_t	 i;

	for (i = 0; i < n && name[i] != '\0'; i++)
		if (lower(s[i]) != name[i])
			return (unsigned char)lower(s[i]) -
			    (unsigned char)name[i];
	return i < n ? 1 : name[i] != '\0' ? -1 : 0;
}

static int
find(const char *s, size_t n)
{
	size_t	 from = 0, to = text_nnames, mid;
	int	 order;

	while (from < to) {
		mid = (from + to) / 2;
		order = compare(s, n, text_names[mid].name);
		if (order == 0)
			return (int)mid;
		if (order < 0)
			to = mid;
		else
			from = mid + 1;
	}
	return -1;
}

static size_t
past_dash(const char *s, size_t n, size_t at)
{
	return at + (at < n && (s[at] == '-' || s[at] == '_'));
}

/* Where the part's number is in a name of ISO 8859's; 0: it is none of them. */
static size_t
part_of_8859(const char *s, size_t n)
{
	size_t	 at = past_dash(s, n, 3);

	return n > at + 4 && strncasecmp(s, "iso", 3) == 0 &&
	    memcmp(s + at, "8859", 4) == 0 ? past_dash(s, n, at + 4) : 0;
}

int
text_name(const char *s, size_t n)
{
	char	 name[sizeof("iso-8859-16-i")];
	size_t	 part = part_of_8859(s, n);
	int	 len;

	if (part == 0)
		return find(s, n);
	/* "iso8859-7", "ISO_8859-7" and "iso88597" are no others */
	len = snprintf(name, sizeof(name), "iso-8859-%.*s", (int)(n - part),
	    s + part);
	return (size_t)len < sizeof(name) ? find(name, (size_t)len) : -1;
}

/* A word may begin here; behind a '=' in quoted-printable, too. */
static bool
may_begin(const char *s, size_t at)
{
	return at == 0 || !is_of_name(s[at - 1]) ||
	    (at >= 3 && strncasecmp(s + at - 3, "=3d", 3) == 0);
}

/* The first two bytes of all names, so that most words are passed over. */
struct starts {
	bool	 two[32][32];
};

static unsigned int
fold(char c)
{
	return (unsigned char)c & 31;
}

static void
starts_of_names(struct starts *starts)
{
	memset(starts, 0, sizeof(*starts));
	for (size_t i = 0; i < text_nnames; i++)
		starts->two[fold(text_names[i].name[0])]
		    [fold(text_names[i].name[1])] = true;
}

void
text_names_search(const char *s, size_t n, bool found[TEXT_NAMES_MAX])
{
	struct starts	 starts;
	size_t		 at, end;
	int		 i;

	starts_of_names(&starts);
	memset(found, 0, TEXT_NAMES_MAX * sizeof(found[0]));
	for (at = 0; at + 1 < n; at++) {
		if (!starts.two[fold(s[at])][fold(s[at + 1])] ||
		    !is_of_name(s[at]) || !may_begin(s, at))
			continue;
		for (end = at + 1; end < n && is_of_name(s[end]); end++)
			;
		if ((i = text_name(s + at, end - at)) != -1)
			found[i] = true;
		at = end - 1;
	}
}

static bool
needs_no_file(const char *s, size_t n)
{
	return (n == 5 && strncasecmp(s, "utf-8", 5) == 0) ||
	    (n == 4 && strncasecmp(s, "utf8", 4) == 0) ||
	    (n == 8 && strncasecmp(s, "us-ascii", 8) == 0);
}

/* What follows the charset of an encoded word: "?Q?". */
static bool
is_encoding(const char *s)
{
	return s[0] == '?' && s[1] != '\0' && strchr("bBqQ", s[1]) != NULL &&
	    s[2] == '?';
}

void
text_names_scrub(char *s)
{
	size_t	 n;

	while ((s = strstr(s, "=?")) != NULL) {
		s += 2;
		n = strcspn(s, "?*");
		if (is_encoding(s + strcspn(s, "?")) && text_name(s, n) == -1 &&
		    !needs_no_file(s, n))
			memset(s, 'x', n);
	}
}
