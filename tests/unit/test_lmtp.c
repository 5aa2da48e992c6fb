/*
 * LMTP's command lines as real MTAs send them and as an attacker would, and
 * commands as a taken over engine would hand them to the monitor.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lmtp.h"

#define COUNT(rows)	(sizeof(rows) / sizeof((rows)[0]))

/* What the parser makes is always what the monitor takes. */
static enum lmtp_verb
parse(const char *line, size_t n, struct lmtp_command *cmd)
{
	memset(cmd, 0xa5, sizeof(*cmd));
	lmtp_parse(line, n, cmd);
	if (!lmtp_command_valid(cmd, lmtp_command_size(cmd->verb)))
		fail_msg("%s: not valid", line);
	return cmd->verb;
}

static void
assert_fault(const char *line, enum lmtp_fault fault)
{
	struct lmtp_command	 cmd;

	if (parse(line, strlen(line), &cmd) != LMTP_BAD || cmd.u.fault != fault)
		fail_msg("%s: verb %d, fault %d", line, cmd.verb, cmd.u.fault);
}

static void
assert_verb(const char *line, enum lmtp_verb verb)
{
	struct lmtp_command	 cmd;

	if (parse(line, strlen(line), &cmd) != verb)
		fail_msg("%s: verb %d", line, cmd.verb);
}

static void
verbs_are_told_apart(void **state)
{
	struct lmtp_command	 cmd;

	(void)state;
	assert_verb("DATA", LMTP_DATA);
	assert_verb("data", LMTP_DATA);
	assert_verb("DATA  ", LMTP_DATA);
	assert_verb("rSeT", LMTP_RSET);
	assert_verb("QUIT", LMTP_QUIT);
	assert_verb("NOOP", LMTP_NOOP);
	assert_verb("NOOP anything <at> all", LMTP_NOOP);
	assert_verb("VRFY someone", LMTP_VRFY);
	assert_fault("VRFY", LMTP_SYNTAX);
	assert_fault("DATA now", LMTP_SYNTAX);
	assert_fault("RSET 1", LMTP_SYNTAX);
	assert_fault("QUIT now", LMTP_SYNTAX);
	assert_fault("HELO there", LMTP_HELO);
	assert_fault("ehlo there", LMTP_HELO);
	assert_fault("", LMTP_UNKNOWN);
	assert_fault("   ", LMTP_UNKNOWN);
	assert_fault(" DATA", LMTP_UNKNOWN);
	assert_fault("DATAX", LMTP_UNKNOWN);
	assert_fault("DAT", LMTP_UNKNOWN);
	assert_fault("BDAT 3 LAST", LMTP_UNKNOWN);
	assert_fault("STARTTLS", LMTP_UNKNOWN);
	assert_int_equal(parse("QUITX", 4, &cmd), LMTP_QUIT);
}

static void
lhlo_has_one_name(void **state)
{
	char			 line[5 + LMTP_NAME_MAX + 1];
	struct lmtp_command	 cmd;

	(void)state;
	assert_int_equal(parse("LHLO mx.example", 15, &cmd), LMTP_LHLO);
	assert_string_equal(cmd.u.lhlo.name, "mx.example");
	assert_int_equal(parse("lhlo  [192.0.2.1] ", 18, &cmd), LMTP_LHLO);
	assert_string_equal(cmd.u.lhlo.name, "[192.0.2.1]");
	assert_fault("LHLO", LMTP_SYNTAX);
	assert_fault("LHLO ", LMTP_SYNTAX);
	assert_fault("LHLO a b", LMTP_SYNTAX);
	assert_fault("LHLO a\303", LMTP_SYNTAX);
	memset(line, 'a', sizeof(line));
	memcpy(line, "LHLO ", 5);
	line[sizeof(line) - 1] = '\0';
	assert_fault(line, LMTP_SYNTAX);
	line[sizeof(line) - 2] = '\0';
	assert_verb(line, LMTP_LHLO);
}

static const struct {
	const char	*line;
	const char	*sender;
	uint64_t	 size;
	bool		 utf8;
} mails[] = {
	{ "MAIL FROM:<s@x> SIZE=585", "s@x", 585, false },
	{ "mail from:<>", "", 0, false },
	{ "MAIL FROM:<> SIZE=0 BODY=8BITMIME", "", 0, false },
	{ "MAIL FROM: <s@x>", "s@x", 0, false },
	{ "MAIL  FROM:<s@x>  body=7bit  smtputf8 ", "s@x", 0, true },
	{ "MAIL FROM:<s@x> RET=HDRS ENVID=a+2Bb", "s@x", 0, false },
	{ "MAIL FROM:<\"a>b\"@x> SIZE=1", "\"a>b\"@x", 1, false },
	{ "MAIL FROM:<\"a\\\">b\"@x>", "\"a\\\">b\"@x", 0, false },
	{ "MAIL FROM:<\"a b\"@x>", "\"a b\"@x", 0, false },
	{ "MAIL FROM:<@r.example:s@x>", "s@x", 0, false },
	{ "MAIL FROM:<\"alice\">", "alice", 0, false },
	{ "MAIL FROM:<j\303\274rg@x> SMTPUTF8", "j\303\274rg@x", 0, true },
	{ "MAIL FROM:<s@x> SIZE=1 SIZE=2", "s@x", 2, false },
	{ "MAIL FROM:<s@x> SIZE=900000000000000000", "s@x",
	    UINT64_C(900000000000000000), false },
};

static void
mail_is_read(void **state)
{
	struct lmtp_command	 cmd;
	size_t			 i;

	(void)state;
	for (i = 0; i < COUNT(mails); i++) {
		if (parse(mails[i].line, strlen(mails[i].line), &cmd) !=
		    LMTP_MAIL)
			fail_msg("%s", mails[i].line);
		assert_string_equal(cmd.u.mail.sender, mails[i].sender);
		assert_true(cmd.u.mail.size == mails[i].size);
		assert_int_equal(cmd.u.mail.utf8, mails[i].utf8);
	}
}

static void
huge_size_stays_huge(void **state)
{
	char			 line[] =
	    "MAIL FROM:<s@x> SIZE=18446744073709551616000000000";
	struct lmtp_command	 cmd;

	(void)state;
	assert_int_equal(parse(line, strlen(line), &cmd), LMTP_MAIL);
	assert_true(cmd.u.mail.size > UINT64_C(1) << 59);
	line[strlen("MAIL FROM:<s@x> SIZE=") + 20] = '\0';
	assert_int_equal(parse(line, strlen(line), &cmd), LMTP_MAIL);
	assert_true(cmd.u.mail.size > UINT64_C(1) << 59);
}

static void
bad_mail_is_refused(void **state)
{
	static const char *const	 senders[] = {
		"MAIL FROM:", "MAIL FROM:s@x", "MAIL FROM:<s@x", "MAIL FROM:<",
		"MAIL FROM:< >", "MAIL FROM:<s@>", "MAIL FROM:<s s@x>",
		"MAIL FROM:<\"s@x>", "MAIL FROM:<<s@x>>", "MAIL FROM:<s@x.>",
		"MAIL FROM:<s@x SIZE=1", "MAIL FROM:<\303@x>",
	};
	static const char *const	 syntax[] = {
		"MAIL", "MAIL ", "MAIL FROM", "MAIL TO:<s@x>", "MAIL <s@x>",
		"MAIL FROM :<s@x>", "MAIL FROM:<s@x>SIZE=1", "MAIL FROM:<s@x>>",
		"MAIL FROM:<s@x> SIZE", "MAIL FROM:<s@x> SIZE=",
		"MAIL FROM:<s@x> SIZE=-1", "MAIL FROM:<s@x> SIZE=1k",
		"MAIL FROM:<s@x> BODY=BINARYMIME", "MAIL FROM:<s@x> BODY",
		"MAIL FROM:<s@x> SMTPUTF8=1", "MAIL FROM:<s@x> SMTPUTF8=",
		"MAIL FROM:<s@x> ENVID=", "MAIL FROM:<s@x> RET",
	};
	static const char *const	 parameters[] = {
		"MAIL FROM:<s@x> AUTH=<>", "MAIL FROM:<s@x> PRDR",
		"MAIL FROM:<s@x> SIZES=1", "MAIL FROM:<s@x> =1",
		"MAIL FROM:<s@x> ORCPT=rfc822;a", "MAIL FROM:<s@x> <t@x>",
	};
	size_t				 i;

	(void)state;
	for (i = 0; i < COUNT(senders); i++)
		assert_fault(senders[i], LMTP_SENDER);
	for (i = 0; i < COUNT(syntax); i++)
		assert_fault(syntax[i], LMTP_SYNTAX);
	for (i = 0; i < COUNT(parameters); i++)
		assert_fault(parameters[i], LMTP_PARAMETER);
}

static void
rcpt_is_read(void **state)
{
	static const char *const	 rows[][3] = {
		{ "RCPT TO:<a@y> ORCPT=rfc822;a@y", "a@y", "a@y" },
		{ "rcpt to: <a@y>", "a@y", "" },
		{ "RCPT TO:<postmaster>", "postmaster", "" },
		{ "RCPT TO:<\"+41 79\"@y>", "\"+41 79\"@y", "" },
		{ "RCPT TO:<a@y> NOTIFY=NEVER", "a@y", "" },
		{ "RCPT TO:<a@y> ORCPT=RFC822;b+2Bc@y NOTIFY=FAILURE,DELAY",
		    "a@y", "b+c@y" },
		{ "RCPT TO:<a@y> ORCPT=rfc822;b+c@y", "a@y", "b+c@y" },
		{ "RCPT TO:<a@y> ORCPT=rfc822;SRS0=b=c@y", "a@y",
		    "SRS0=b=c@y" },
		{ "RCPT TO:<a@y> ORCPT=rfc822;+22b+20c+22@y", "a@y",
		    "\"b c\"@y" },
		{ "RCPT TO:<a@y> ORCPT=utf-8;\303\274@y", "a@y", "\303\274@y" },
		/* cannot be read, or is not for us: no reason to bounce */
		{ "RCPT TO:<a@y> ORCPT=x400;b@y", "a@y", "" },
		{ "RCPT TO:<a@y> ORCPT=b@y", "a@y", "" },
		{ "RCPT TO:<a@y> ORCPT=rfc822;", "a@y", "" },
		{ "RCPT TO:<a@y> ORCPT=rfc822;b+0Ac@y", "a@y", "" },
		{ "RCPT TO:<a@y> ORCPT=rfc822;b+00@y", "a@y", "" },
		{ "RCPT TO:<a@y> ORCPT=rfc822;b@y ORCPT=rfc822;@", "a@y", "" },
	};
	struct lmtp_command		 cmd;
	size_t				 i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		if (parse(rows[i][0], strlen(rows[i][0]), &cmd) != LMTP_RCPT)
			fail_msg("%s", rows[i][0]);
		assert_string_equal(cmd.u.rcpt.recipient, rows[i][1]);
		assert_string_equal(cmd.u.rcpt.original, rows[i][2]);
	}
	assert_fault("RCPT TO:<>", LMTP_RECIPIENT);
	assert_fault("RCPT TO:a@y", LMTP_RECIPIENT);
	assert_fault("RCPT TO:<a@y", LMTP_RECIPIENT);
	assert_fault("RCPT TO:<a@y>x", LMTP_SYNTAX);
	assert_fault("RCPT FROM:<a@y>", LMTP_SYNTAX);
	assert_fault("RCPT", LMTP_SYNTAX);
	assert_fault("RCPT TO:<a@y> ORCPT", LMTP_SYNTAX);
	assert_fault("RCPT TO:<a@y> NOTIFY=", LMTP_SYNTAX);
	assert_fault("RCPT TO:<a@y> SIZE=1", LMTP_PARAMETER);
}

/* One attribute alone: its value, or NULL where it is refused. */
static const struct {
	const char	*line;
	enum lmtp_attr	 attr;
	const char	*value;
} forwards[] = {
	{ "XFORWARD NAME=h.example", XF_NAME, "h.example" },
	{ "xforward name=h.example", XF_NAME, "h.example" },
	{ "XFORWARD NAME=[UNAVAILABLE]", XF_NAME, "" },
	{ "XFORWARD NAME=[tempunavail]", XF_NAME, "" },
	{ "XFORWARD PORT=4444", XF_PORT, "4444" },
	{ "XFORWARD PROTO=ESMTP", XF_PROTO, "ESMTP" },
	{ "XFORWARD SOURCE=LOCAL", XF_SOURCE, "LOCAL" },
	{ "XFORWARD IDENT=4bQ1", XF_IDENT, "4bQ1" },
	{ "XFORWARD HELO=we+2Bird=h?elo", XF_HELO, "we+ird=h?elo" },
	{ "XFORWARD HELO=a+20b+3Dc", XF_HELO, "a b=c" },
	{ "XFORWARD HELO=a+2bb", XF_HELO, "a+b" },
	{ "XFORWARD HELO=a+2", XF_HELO, "a+2" },
	{ "XFORWARD HELO=a+zz+20b", XF_HELO, "a+zz+20b" },
	{ "XFORWARD HELO=+", XF_HELO, "+" },
	{ "XFORWARD HELO=[192.0.2.1]", XF_HELO, "[192.0.2.1]" },
	{ "XFORWARD HELO=+C3+BC", XF_HELO, "\303\274" },
	{ "XFORWARD ADDR=192.0.2.7", XF_ADDR, "192.0.2.7" },
	{ "XFORWARD ADDR=IPv6:2001:DB8::7", XF_ADDR, "2001:db8::7" },
	{ "XFORWARD ADDR=ipV6:::1", XF_ADDR, "::1" },
	{ "XFORWARD ADDR=IPv6:::ffff:192.0.2.7", XF_ADDR, "192.0.2.7" },
	{ "XFORWARD ADDR=[UNAVAILABLE]", XF_ADDR, "" },
	{ "XFORWARD ADDR=192.0.2.7 ADDR=[UNAVAILABLE]", XF_ADDR, "" },
	{ "XFORWARD HELO=longer HELO=b", XF_HELO, "b" },
	{ "XFORWARD ADDR=2001:db8::7", XF_ADDR, NULL },
	{ "XFORWARD ADDR=IPv6:192.0.2.7", XF_ADDR, NULL },
	{ "XFORWARD ADDR=IPv6:", XF_ADDR, NULL },
	{ "XFORWARD ADDR=unknown", XF_ADDR, NULL },
	{ "XFORWARD ADDR=192.0.2", XF_ADDR, NULL },
	{ "XFORWARD ADDR=192.0.2.7+20", XF_ADDR, NULL },
	{ "XFORWARD ADDR=", XF_ADDR, NULL },
	{ "XFORWARD ADDR", XF_ADDR, NULL },
	{ "XFORWARD", XF_ADDR, NULL },
	{ "XFORWARD  ", XF_ADDR, NULL },
	{ "XFORWARD =x", XF_ADDR, NULL },
	{ "XFORWARD DOMAIN=x", XF_ADDR, NULL },
	{ "XFORWARD NAME=a ADDR=x", XF_ADDR, NULL },
	{ "XFORWARD HELO=a+0D+0Ab", XF_HELO, NULL },
	{ "XFORWARD HELO=a+00", XF_HELO, NULL },
	{ "XFORWARD HELO=+1B[2J", XF_HELO, NULL },
	{ "XFORWARD HELO=+C3", XF_HELO, NULL },
	{ "XFORWARD HELO=a\tb", XF_HELO, NULL },
	{ "XFORWARD\tHELO=a", XF_HELO, NULL },
	{ "xForward HELO=a\001", XF_HELO, NULL },
};

static void
xforward_is_read(void **state)
{
	struct lmtp_command	 cmd;
	size_t			 i;

	(void)state;
	for (i = 0; i < COUNT(forwards); i++) {
		if (forwards[i].value == NULL) {
			assert_fault(forwards[i].line, LMTP_BAD_XFORWARD);
			continue;
		}
		if (parse(forwards[i].line, strlen(forwards[i].line), &cmd) !=
		    LMTP_XFORWARD)
			fail_msg("%s", forwards[i].line);
		assert_int_equal(cmd.u.xforward.given, 1 << forwards[i].attr);
		assert_string_equal(cmd.u.xforward.value[forwards[i].attr],
		    forwards[i].value);
	}
	assert_fault("XFORWAR NAME=a", LMTP_UNKNOWN);
	assert_fault("XFORWARDS NAME=a", LMTP_UNKNOWN);
}

/* The same attributes in the same words.  Unlike XFORWARD's, a line that is
 * not clean is no more than that: the client stays unknown. */
static void
xclient_is_read(void **state)
{
	char			 line[256];
	struct lmtp_command	 cmd;
	const char		*rest;
	size_t			 i;

	(void)state;
	for (i = 0; i < COUNT(forwards); i++) {
		rest = forwards[i].line + strlen("XFORWARD");
		snprintf(line, sizeof(line), "%s%s", i % 2 == 0 ? "XCLIENT" :
		    "xClient", rest);
		if (forwards[i].value == NULL) {
			assert_fault(line, LMTP_BAD_XCLIENT);
			continue;
		}
		if (parse(line, strlen(line), &cmd) != LMTP_XCLIENT)
			fail_msg("%s", line);
		assert_int_equal(cmd.u.xforward.given, 1 << forwards[i].attr);
		assert_string_equal(cmd.u.xforward.value[forwards[i].attr],
		    forwards[i].value);
	}
	/* attributes that only Postfix's SMTP has */
	assert_fault("XCLIENT LOGIN=bob", LMTP_BAD_XCLIENT);
	assert_fault("XCLIENT DESTADDR=192.0.2.7", LMTP_BAD_XCLIENT);
	assert_fault("XCLIENT ADDR=192.0.2.7 TTL=1", LMTP_BAD_XCLIENT);
	assert_fault("XCLIEN ADDR=192.0.2.7", LMTP_UNKNOWN);
	assert_fault("XCLIENTS ADDR=192.0.2.7", LMTP_UNKNOWN);
}

static void
several_attributes_are_kept_apart(void **state)
{
	static const char	 line[] =
	    "XFORWARD NAME=h.example ADDR=192.0.2.7 PORT=[UNAVAILABLE]";
	struct lmtp_command	 cmd;

	(void)state;
	assert_int_equal(parse(line, strlen(line), &cmd), LMTP_XFORWARD);
	assert_int_equal(cmd.u.xforward.given,
	    1 << XF_NAME | 1 << XF_ADDR | 1 << XF_PORT);
	assert_string_equal(cmd.u.xforward.value[XF_NAME], "h.example");
	assert_string_equal(cmd.u.xforward.value[XF_ADDR], "192.0.2.7");
	assert_string_equal(cmd.u.xforward.value[XF_PORT], "");
	assert_string_equal(cmd.u.xforward.value[XF_HELO], "");
}

/* 255 bytes decoded, however they are written. */
static void
xforward_values_are_bounded(void **state)
{
	char			 line[LMTP_LINE_MAX] = "XFORWARD HELO=";
	struct lmtp_command	 cmd;
	size_t			 i, head = strlen(line);

	(void)state;
	memset(line + head, 'a', LMTP_NAME_MAX - 1);
	assert_int_equal(parse(line, strlen(line), &cmd), LMTP_XFORWARD);
	assert_int_equal(strlen(cmd.u.xforward.value[XF_HELO]), 255);
	line[head + LMTP_NAME_MAX - 1] = 'a';
	assert_fault(line, LMTP_BAD_XFORWARD);
	line[head] = '\0';
	for (i = 0; i < 255; i++)
		strlcat(line, "+41", sizeof(line));
	assert_int_equal(parse(line, strlen(line), &cmd), LMTP_XFORWARD);
	assert_int_equal(strlen(cmd.u.xforward.value[XF_HELO]), 255);
	strlcat(line, "+41", sizeof(line));
	assert_fault(line, LMTP_BAD_XFORWARD);
}

static void
lines_are_bounded_and_clean(void **state)
{
	char			 line[LMTP_LINE_MAX] = "NOOP ";
	struct lmtp_command	 cmd;

	(void)state;
	memset(line + 5, 'a', sizeof(line) - 5);
	assert_int_equal(parse(line, sizeof(line) - 2, &cmd), LMTP_NOOP);
	assert_int_equal(parse(line, sizeof(line) - 1, &cmd), LMTP_BAD);
	assert_int_equal(cmd.u.fault, LMTP_TOO_LONG);
	memcpy(line, "XFORWARD ", 9);
	assert_int_equal(parse(line, sizeof(line) - 1, &cmd), LMTP_BAD);
	assert_int_equal(cmd.u.fault, LMTP_BAD_XFORWARD);
	memcpy(line, "XCLIENT A", 9);
	assert_int_equal(parse(line, sizeof(line) - 1, &cmd), LMTP_BAD);
	assert_int_equal(cmd.u.fault, LMTP_BAD_XCLIENT);
	assert_fault("NOOP\r", LMTP_NOT_CLEAN);
	assert_fault("NOOP\nQUIT", LMTP_NOT_CLEAN);
	assert_fault("NOOP\t", LMTP_NOT_CLEAN);
	assert_fault("\177", LMTP_NOT_CLEAN);
	assert_fault("MAIL FROM:<a\001@x>", LMTP_NOT_CLEAN);
	assert_int_equal(parse("NO\0OP", 5, &cmd), LMTP_BAD);
	assert_int_equal(cmd.u.fault, LMTP_NOT_CLEAN);
	assert_int_equal(parse("NOOP\0", 5, &cmd), LMTP_BAD);
	assert_int_equal(cmd.u.fault, LMTP_NOT_CLEAN);
}

static void
no_stale_byte_is_left(void **state)
{
	struct lmtp_command	 a, b;

	(void)state;
	memset(&a, 0xff, sizeof(a));
	memset(&b, 0, sizeof(b));
	lmtp_parse("RCPT TO:<a@y> ORCPT=rfc822;secret@y SIZE=1", 42, &a);
	b.verb = LMTP_BAD;
	b.u.fault = LMTP_PARAMETER;
	assert_memory_equal(&a, &b, sizeof(a));
}

static void
replies_have_their_codes(void **state)
{
	static const char *const	 codes[LMTP_FAULTS] = {
		"500 5.5.2 ", "500 5.5.6 ", "500 5.5.2 ", "500 5.5.1 ",
		"501 5.5.4 ", "555 5.5.4 ", "501 5.1.7 ", "501 5.1.3 ",
		"501 5.5.4 ", "501 5.5.4 ",
	};
	int				 i;

	(void)state;
	for (i = 0; i < LMTP_FAULTS; i++) {
		assert_memory_equal(lmtp_fault_reply(i), codes[i], 10);
		assert_true(strlen(lmtp_fault_reply(i)) > 10);
	}
	assert_string_equal(lmtp_fault_reply(LMTP_FAULTS), lmtp_fault_reply(0));
	assert_string_equal(lmtp_fault_reply(-1), lmtp_fault_reply(0));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(verbs_are_told_apart),
		cmocka_unit_test(lhlo_has_one_name),
		cmocka_unit_test(mail_is_read),
		cmocka_unit_test(huge_size_stays_huge),
		cmocka_unit_test(bad_mail_is_refused),
		cmocka_unit_test(rcpt_is_read),
		cmocka_unit_test(xforward_is_read),
		cmocka_unit_test(xclient_is_read),
		cmocka_unit_test(several_attributes_are_kept_apart),
		cmocka_unit_test(xforward_values_are_bounded),
		cmocka_unit_test(lines_are_bounded_and_clean),
		cmocka_unit_test(no_stale_byte_is_left),
		cmocka_unit_test(replies_have_their_codes),
	};

	return cmocka_run_group_tests_name("lmtp", tests, NULL, NULL);
}
