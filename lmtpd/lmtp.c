/*
 * Parses the command lines of LMTP (RFC 2033).  It trusts no byte of them:
 * the MTA is trusted for facts, not for syntax, and a local user may speak
 * LMTP too.
 */
#include <string.h>
#include <strings.h>

#include "lmtp.h"

/* Readers of arguments return what is wrong, or this. */
#define NO_FAULT	LMTP_FAULTS

struct verb {
	const char	*name;
	enum lmtp_verb	 verb;
	enum lmtp_fault	 (*read)(struct lmtp_text, struct lmtp_command *);
};

static const char *const replies[LMTP_FAULTS] = {
	[LMTP_UNKNOWN] = "500 5.5.2 command not understood",
	[LMTP_TOO_LONG] = "500 5.5.6 line too long",
	[LMTP_NOT_CLEAN] = "500 5.5.2 control characters in a command",
	[LMTP_HELO] = "500 5.5.1 this is LMTP: say LHLO",
	[LMTP_SYNTAX] = "501 5.5.4 malformed command",
	[LMTP_PARAMETER] = "555 5.5.4 unknown parameter",
	[LMTP_SENDER] = "501 5.1.7 malformed sender address",
	[LMTP_RECIPIENT] = "501 5.1.3 malformed recipient address",
	[LMTP_BAD_XFORWARD] = "501 5.5.4 malformed XFORWARD",
	[LMTP_BAD_XCLIENT] = "501 5.5.4 malformed XCLIENT",
};

/* Length of a path up to the ">" that no quotes hold, or all of it. */
static size_t
path_len(struct lmtp_text text)
{
	bool	 quoted = false;
	size_t	 i;

	for (i = 0; i < text.n; i++) {
		if (text.p[i] == '"')
			quoted = !quoted;
		else if (quoted && text.p[i] == '\\')
			i++;
		else if (!quoted && text.p[i] == '>')
			return i;
	}
	return text.n;
}

/*
 * Takes "FROM:<path>" or "TO:<path>" off rest; bad is what is wrong where the
 * path is.  A blank behind the colon is an old habit of clients.
 */
static enum lmtp_fault
read_path(struct lmtp_text *rest, const char *keyword, enum lmtp_fault bad,
    char *out)
{
	struct lmtp_text	 word;
	size_t			 n;

	lmtp_skip_blanks(rest);
	word = *rest;
	word.n = strlen(keyword);
	if (rest->n < word.n || !lmtp_is(word, keyword))
		return LMTP_SYNTAX;
	lmtp_skip(rest, word.n);
	lmtp_skip_blanks(rest);
	if (rest->n == 0 || *rest->p != '<')
		return bad;
	lmtp_skip(rest, 1);
	n = path_len(*rest);
	if (n == rest->n)
		return bad;
	if ((n > 0 || bad != LMTP_SENDER) &&
	    addr_read_path(rest->p, n, out) == -1)
		return bad;
	lmtp_skip(rest, n + 1);
	return rest->n == 0 || *rest->p == ' ' ? NO_FAULT : LMTP_SYNTAX;
}

/* RFC 1870.  What is past counting loses digits: it is too large anyhow. */
static enum lmtp_fault
read_size(struct lmtp_text value, uint64_t *size)
{
	size_t	 i;

	*size = 0;
	for (i = 0; i < value.n; i++) {
		if (value.p[i] < '0' || value.p[i] > '9')
			return LMTP_SYNTAX;
		if (*size < UINT64_MAX / 20)
			*size = *size * 10 + (uint64_t)(value.p[i] - '0');
	}
	return value.n > 0 ? NO_FAULT : LMTP_SYNTAX;
}

static enum lmtp_fault
read_mail_parameter(struct lmtp_text word, struct lmtp_mail *mail)
{
	struct lmtp_text	 key, value;

	lmtp_split(word, &key, &value);
	if (lmtp_is(key, "SMTPUTF8")) {
		mail->utf8 = true;
		return value.p == NULL ? NO_FAULT : LMTP_SYNTAX;
	}
	if (lmtp_is(key, "SIZE"))
		return read_size(value, &mail->size);
	if (lmtp_is(key, "BODY"))
		return lmtp_is(value, "7BIT") || lmtp_is(value, "8BITMIME") ?
		    NO_FAULT : LMTP_SYNTAX;
	if (lmtp_is(key, "RET") || lmtp_is(key, "ENVID"))
		return value.n > 0 ? NO_FAULT : LMTP_SYNTAX;
	return LMTP_PARAMETER;
}

static enum lmtp_fault
read_mail(struct lmtp_text rest, struct lmtp_command *cmd)
{
	struct lmtp_text	 word;
	enum lmtp_fault		 fault;

	fault = read_path(&rest, "FROM:", LMTP_SENDER, cmd->u.mail.sender);
	while (fault == NO_FAULT && lmtp_word(&rest, &word))
		fault = read_mail_parameter(word, &cmd->u.mail);
	return fault;
}

/*
 * RFC 3461 section 4.2, RFC 6533 section 3: "rfc822;a+2Bb@example.com".  It
 * only informs: what cannot be read is no reason to bounce a mail.
 */
static void
read_original(struct lmtp_text value, char *out)
{
	struct lmtp_text	 type = value;
	const char		*semicolon = memchr(value.p, ';', value.n);
	char			 text[ADDR_MAX];

	memset(out, 0, ADDR_MAX);
	if (semicolon == NULL)
		return;
	type.n = (size_t)(semicolon - value.p);
	if (!lmtp_is(type, "rfc822") && !lmtp_is(type, "utf-8"))
		return;
	lmtp_skip(&value, type.n + 1);
	if (lmtp_xtext(value, text, sizeof(text)) == -1 ||
	    addr_read_path(text, strlen(text), out) == -1)
		memset(out, 0, ADDR_MAX);
}

static enum lmtp_fault
read_rcpt(struct lmtp_text rest, struct lmtp_command *cmd)
{
	struct lmtp_text	 word, key, value;
	enum lmtp_fault		 fault;

	fault = read_path(&rest, "TO:", LMTP_RECIPIENT, cmd->u.rcpt.recipient);
	while (fault == NO_FAULT && lmtp_word(&rest, &word)) {
		lmtp_split(word, &key, &value);
		if (!lmtp_is(key, "ORCPT") && !lmtp_is(key, "NOTIFY"))
			return LMTP_PARAMETER;
		if (value.n == 0)
			return LMTP_SYNTAX;
		if (lmtp_is(key, "ORCPT"))
			read_original(value, cmd->u.rcpt.original);
	}
	return fault;
}

static enum lmtp_fault
read_lhlo(struct lmtp_text rest, struct lmtp_command *cmd)
{
	struct lmtp_text	 name, more;

	if (!lmtp_word(&rest, &name) || lmtp_word(&rest, &more) ||
	    name.n >= LMTP_NAME_MAX || !addr_clean(name.p, name.n))
		return LMTP_SYNTAX;
	memcpy(cmd->u.lhlo.name, name.p, name.n);
	return NO_FAULT;
}

static enum lmtp_fault
read_xforward(struct lmtp_text rest, struct lmtp_command *cmd)
{
	return lmtp_xforward_read(rest, &cmd->u.xforward) == -1 ?
	    LMTP_BAD_XFORWARD : NO_FAULT;
}

/* Dovecot and nginx speak it with the attributes of XFORWARD that we offer. */
static enum lmtp_fault
read_xclient(struct lmtp_text rest, struct lmtp_command *cmd)
{
	return lmtp_xforward_read(rest, &cmd->u.xforward) == -1 ?
	    LMTP_BAD_XCLIENT : NO_FAULT;
}

static enum lmtp_fault
read_nothing(struct lmtp_text rest, struct lmtp_command *cmd)
{
	struct lmtp_text	 word;

	(void)cmd;
	return lmtp_word(&rest, &word) ? LMTP_SYNTAX : NO_FAULT;
}

static enum lmtp_fault
read_something(struct lmtp_text rest, struct lmtp_command *cmd)
{
	struct lmtp_text	 word;

	(void)cmd;
	return lmtp_word(&rest, &word) ? NO_FAULT : LMTP_SYNTAX;
}

static enum lmtp_fault
read_anything(struct lmtp_text rest, struct lmtp_command *cmd)
{
	(void)rest;
	(void)cmd;
	return NO_FAULT;
}

static enum lmtp_fault
refuse_helo(struct lmtp_text rest, struct lmtp_command *cmd)
{
	(void)rest;
	(void)cmd;
	return LMTP_HELO;
}

static const struct verb verbs[] = {
	{ "LHLO", LMTP_LHLO, read_lhlo },
	{ "MAIL", LMTP_MAIL, read_mail },
	{ "RCPT", LMTP_RCPT, read_rcpt },
	{ "DATA", LMTP_DATA, read_nothing },
	{ "RSET", LMTP_RSET, read_nothing },
	{ "NOOP", LMTP_NOOP, read_anything },
	{ "QUIT", LMTP_QUIT, read_nothing },
	{ "VRFY", LMTP_VRFY, read_something },
	{ "XFORWARD", LMTP_XFORWARD, read_xforward },
	{ "XCLIENT", LMTP_XCLIENT, read_xclient },
	{ "HELO", LMTP_BAD, refuse_helo },
	{ "EHLO", LMTP_BAD, refuse_helo },
};

static const struct verb *
find_verb(struct lmtp_text word)
{
	size_t	 i;

	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (lmtp_is(word, verbs[i].name))
			return &verbs[i];
	}
	return NULL;
}

/* What is wrong with the line as such, whatever it says. */
static enum lmtp_fault
check_line(const char *line, size_t n)
{
	size_t	 i;

	if (n > LMTP_LINE_MAX - 2)
		return LMTP_TOO_LONG;
	for (i = 0; i < n; i++) {
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			return LMTP_NOT_CLEAN;
	}
	return NO_FAULT;
}

/*
 * An XFORWARD that is refused must be known as one: with its ADDR lost and a
 * SOURCE=LOCAL behind it, a stranger would pass for a local user.  So must an
 * XCLIENT: an earlier client would stay in force.
 */
static enum lmtp_fault
fault_of(const char *line, size_t n, enum lmtp_fault fault)
{
	struct lmtp_text	 word = { line, strlen("XFORWARD") };

	if (n >= word.n && lmtp_is(word, "XFORWARD"))
		return LMTP_BAD_XFORWARD;
	word.n = strlen("XCLIENT");
	if (n >= word.n && lmtp_is(word, "XCLIENT"))
		return LMTP_BAD_XCLIENT;
	return fault;
}

static enum lmtp_fault
parse_line(const char *line, size_t n, struct lmtp_command *cmd)
{
	struct lmtp_text	 word, rest = { line, n };
	const struct verb	*verb;
	enum lmtp_fault		 fault = check_line(line, n);

	if (fault != NO_FAULT)
		return fault_of(line, n, fault);
	if (n == 0 || *line == ' ' || !lmtp_word(&rest, &word))
		return LMTP_UNKNOWN;
	verb = find_verb(word);
	if (verb == NULL)
		return LMTP_UNKNOWN;
	cmd->verb = verb->verb;
	return verb->read(rest, cmd);
}

void
lmtp_parse(const char *line, size_t n, struct lmtp_command *cmd)
{
	enum lmtp_fault	 fault;

	memset(cmd, 0, sizeof(*cmd));
	fault = parse_line(line, n, cmd);
	if (fault == NO_FAULT)
		return;
	memset(cmd, 0, sizeof(*cmd));
	cmd->verb = LMTP_BAD;
	cmd->u.fault = fault;
}

const char *
lmtp_fault_reply(enum lmtp_fault fault)
{
	if ((unsigned int)fault >= LMTP_FAULTS)
		fault = LMTP_UNKNOWN;
	return replies[fault];
}
