/*
 * Checks commands that another process says it parsed.  It is the monitor's
 * guard against an engine that was taken over, so it trusts no byte: what it
 * lets through is what lmtp_parse() could have made of some line.
 */
#include <stddef.h>
#include <string.h>

#include "lmtp.h"

size_t
lmtp_command_size(enum lmtp_verb verb)
{
	size_t	 head = offsetof(struct lmtp_command, u);

	switch (verb) {
	case LMTP_LHLO:
		return head + sizeof(struct lmtp_lhlo);
	case LMTP_MAIL:
		return head + sizeof(struct lmtp_mail);
	case LMTP_RCPT:
		return head + sizeof(struct lmtp_rcpt);
	case LMTP_XFORWARD:
	case LMTP_XCLIENT:
		return head + sizeof(struct lmtp_xforward);
	case LMTP_BAD:
		return head + sizeof(enum lmtp_fault);
	default:
		return head;
	}
}

/* Whether the text ends within size bytes, with nothing but NULs behind. */
static bool
is_ended(const char *text, size_t size)
{
	size_t	 n = strnlen(text, size);

	if (n == size || text[size - 1] != '\0')
		return false;
	/* the last is a NUL, and each of the others equals the one behind it */
	return memcmp(text + n, text + n + 1, size - n - 1) == 0;
}

static bool
is_lhlo(const struct lmtp_lhlo *lhlo)
{
	return is_ended(lhlo->name, sizeof(lhlo->name)) &&
	    lhlo->name[0] != '\0' && strchr(lhlo->name, ' ') == NULL &&
	    addr_clean(lhlo->name, strlen(lhlo->name));
}

/* An address, or "" where it may be missing. */
static bool
is_address(const char *addr, bool needed)
{
	if (!is_ended(addr, ADDR_MAX))
		return false;
	return (!needed && addr[0] == '\0') || addr_valid(addr);
}

static bool
is_mail(const struct lmtp_mail *mail)
{
	unsigned char	 utf8;

	/* a bool with another value in it must not be read as one */
	memcpy(&utf8, &mail->utf8, sizeof(utf8));
	return utf8 <= 1 && is_address(mail->sender, false);
}

static bool
is_rcpt(const struct lmtp_rcpt *rcpt)
{
	return is_address(rcpt->recipient, true) &&
	    is_address(rcpt->original, false);
}

/* Whether it is just what ip_write() would write. */
static bool
is_ip(const char *text)
{
	struct ip_addr	 addr;
	char		 again[ADDR_IP_MAX];

	if (ip_read(text, &addr) == -1)
		return false;
	ip_write(&addr, again);
	return strcmp(text, again) == 0;
}

static bool
is_xforward(const struct lmtp_xforward *xf)
{
	const char	*value;
	int		 i;

	if (xf->given == 0 || xf->given >> XF_ATTRS != 0)
		return false;
	for (i = 0; i < XF_ATTRS; i++) {
		value = xf->value[i];
		if (!is_ended(value, LMTP_NAME_MAX) ||
		    !addr_clean(value, strlen(value)))
			return false;
		if (value[0] == '\0')
			continue;
		if ((xf->given & UINT32_C(1) << i) == 0)
			return false;
		if (i == XF_ADDR && !is_ip(value))
			return false;
	}
	return true;
}

bool
lmtp_command_valid(const void *data, size_t n)
{
	struct lmtp_command	 cmd;
	size_t			 head = offsetof(struct lmtp_command, u);

	memset(&cmd, 0, sizeof(cmd));
	if (n < head || n > sizeof(cmd))
		return false;
	memcpy(&cmd, data, n);
	if ((unsigned int)cmd.verb >= LMTP_VERBS ||
	    n != lmtp_command_size(cmd.verb))
		return false;
	switch (cmd.verb) {
	case LMTP_LHLO:
		return is_lhlo(&cmd.u.lhlo);
	case LMTP_MAIL:
		return is_mail(&cmd.u.mail);
	case LMTP_RCPT:
		return is_rcpt(&cmd.u.rcpt);
	case LMTP_XFORWARD:
	case LMTP_XCLIENT:
		return is_xforward(&cmd.u.xforward);
	case LMTP_BAD:
		return (unsigned int)cmd.u.fault < LMTP_FAULTS;
	default:
		return true;
	}
}
