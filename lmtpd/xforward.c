/*
 * Reads XFORWARD's attributes, as Postfix writes them.  The MTA is trusted
 * for these facts, not for their syntax: HELO and NAME are the remote
 * client's own text.
 */
#include <string.h>

#include "addr.h"
#include "xforward.h"

static const char *const attr_names[XF_ATTRS] = {
	[XF_NAME] = "NAME",
	[XF_ADDR] = "ADDR",
	[XF_PORT] = "PORT",
	[XF_PROTO] = "PROTO",
	[XF_HELO] = "HELO",
	[XF_IDENT] = "IDENT",
	[XF_SOURCE] = "SOURCE",
};

/* IPv6 has its prefix and IPv4 has none; out is ADDR_IP_MAX bytes. */
static int
read_address(const char *text, char *out)
{
	struct lmtp_text	 prefix = { text, 5 };
	struct ip_addr		 addr;
	bool			 six;

	six = strlen(text) > prefix.n && lmtp_is(prefix, "IPv6:");
	if (six)
		text += prefix.n;
	if ((strchr(text, ':') != NULL) != six || ip_read(text, &addr) == -1)
		return -1;
	ip_write(&addr, out);
	return 0;
}

static int
find_attr(struct lmtp_text key)
{
	int	 i;

	for (i = 0; i < XF_ATTRS; i++) {
		if (lmtp_is(key, attr_names[i]))
			return i;
	}
	return -1;
}

static int
read_attr(struct lmtp_text word, struct lmtp_xforward *xf)
{
	struct lmtp_text	 key, raw;
	char			 value[LMTP_NAME_MAX] = "";
	int			 attr;

	lmtp_split(word, &key, &raw);
	attr = find_attr(key);
	if (attr == -1 || raw.n == 0)
		return -1;
	/* a value given before may be longer */
	memset(xf->value[attr], 0, LMTP_NAME_MAX);
	xf->given |= UINT32_C(1) << attr;
	if (lmtp_is(raw, "[UNAVAILABLE]") || lmtp_is(raw, "[TEMPUNAVAIL]"))
		return 0;
	if (lmtp_xtext(raw, value, sizeof(value)) == -1)
		return -1;
	if (attr == XF_ADDR)
		return read_address(value, xf->value[attr]);
	(void)strlcpy(xf->value[attr], value, LMTP_NAME_MAX);
	return 0;
}

int
lmtp_xforward_read(struct lmtp_text rest, struct lmtp_xforward *xf)
{
	struct lmtp_text	 word;

	while (lmtp_word(&rest, &word)) {
		if (read_attr(word, xf) == -1)
			return -1;
	}
	return xf->given != 0 ? 0 : -1;
}

void
lmtp_xforward_merge(struct lmtp_xforward *xf, const struct lmtp_xforward *more)
{
	int	 i;

	for (i = 0; i < XF_ATTRS; i++) {
		if (more->given & UINT32_C(1) << i)
			memcpy(xf->value[i], more->value[i], LMTP_NAME_MAX);
	}
	xf->given |= more->given;
}
