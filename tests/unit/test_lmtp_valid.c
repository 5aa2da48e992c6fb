/*
 * Commands as a taken over engine would hand them to the monitor: every field
 * wrong in every way that a parsed one never is.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lmtp.h"

static struct lmtp_command
parsed(const char *line)
{
	struct lmtp_command	 cmd;

	lmtp_parse(line, strlen(line), &cmd);
	return cmd;
}

static bool
valid(const struct lmtp_command *cmd)
{
	return lmtp_command_valid(cmd, lmtp_command_size(cmd->verb));
}

/* The text as a field of the command, which must then not be valid. */
static void
assert_refused_in(struct lmtp_command bad, size_t at, size_t size,
    const char *text)
{
	char	*field = (char *)&bad + at;

	memset(field, 0, size);
	memcpy(field, text, strlen(text));
	if (valid(&bad))
		fail_msg("valid: %s", text);
}

/* Not ended, and a byte behind the end. */
static void
assert_end_matters(struct lmtp_command cmd, size_t at, size_t size)
{
	struct lmtp_command	 bad = cmd;
	char			*field = (char *)&bad + at;

	memset(field, 'a', size);
	assert_false(valid(&bad));
	bad = cmd;
	field[size - 1] = 'a';
	assert_false(valid(&bad));
	bad = cmd;
	field[strlen(field) + 1] = 'a';
	assert_false(valid(&bad));
}

static void
size_and_verb_must_agree(void **state)
{
	struct lmtp_command	 cmd = parsed("RCPT TO:<a@y>");
	char			 shifted[sizeof(cmd) + 1];
	size_t			 n = lmtp_command_size(LMTP_RCPT);
	int			 verb;

	(void)state;
	assert_true(lmtp_command_valid(&cmd, n));
	assert_false(lmtp_command_valid(&cmd, n - 1));
	assert_false(lmtp_command_valid(&cmd, n + 1));
	assert_false(lmtp_command_valid(&cmd, 0));
	assert_false(lmtp_command_valid(&cmd, 3));
	assert_false(lmtp_command_valid(shifted, sizeof(shifted)));
	memcpy(shifted + 1, &cmd, n);
	assert_true(lmtp_command_valid(shifted + 1, n));
	memset(&cmd, 0, sizeof(cmd));
	for (verb = 0; verb < LMTP_VERBS; verb++)
		assert_true(lmtp_command_size(verb) <= sizeof(cmd));
	for (verb = -1; verb <= LMTP_VERBS; verb += LMTP_VERBS + 1) {
		memcpy(&cmd.verb, &verb, sizeof(verb));
		assert_false(lmtp_command_valid(&cmd,
		    offsetof(struct lmtp_command, u)));
		assert_false(lmtp_command_valid(&cmd, sizeof(cmd)));
	}
}

static void
bare_verbs_have_no_more(void **state)
{
	struct lmtp_command	 cmd = parsed("DATA");

	(void)state;
	assert_true(valid(&cmd));
	assert_false(lmtp_command_valid(&cmd, sizeof(cmd)));
	cmd = parsed("FOO");
	assert_true(valid(&cmd));
	cmd.u.fault = LMTP_FAULTS;
	assert_false(valid(&cmd));
	memset(&cmd.u.fault, 0xff, sizeof(cmd.u.fault));
	assert_false(valid(&cmd));
}

static void
lhlo_must_be_clean(void **state)
{
	struct lmtp_command	 cmd = parsed("LHLO mx.example");
	size_t			 name = offsetof(struct lmtp_command,
				    u.lhlo.name);
	size_t			 size = sizeof(cmd.u.lhlo.name);

	(void)state;
	assert_true(valid(&cmd));
	assert_end_matters(cmd, name, size);
	assert_refused_in(cmd, name, size, "");
	assert_refused_in(cmd, name, size, "a b");
	assert_refused_in(cmd, name, size, "a\nb");
	assert_refused_in(cmd, name, size, "a\303");
}

static void
mail_must_be_clean(void **state)
{
	struct lmtp_command	 cmd = parsed("MAIL FROM:<s@x> SMTPUTF8");
	size_t			 sender = offsetof(struct lmtp_command,
				    u.mail.sender);

	(void)state;
	assert_true(valid(&cmd));
	assert_end_matters(cmd, sender, ADDR_MAX);
	assert_refused_in(cmd, sender, ADDR_MAX, "s@x\r\nDATA");
	assert_refused_in(cmd, sender, ADDR_MAX, "\"s\"@x");
	assert_refused_in(cmd, sender, ADDR_MAX, "s@");
	memset(&cmd.u.mail.utf8, 2, 1);
	assert_false(valid(&cmd));
	cmd = parsed("MAIL FROM:<>");
	assert_true(valid(&cmd));
}

static void
rcpt_must_be_clean(void **state)
{
	struct lmtp_command	 cmd = parsed("RCPT TO:<a@y> ORCPT=rfc822;b@y");
	size_t			 to = offsetof(struct lmtp_command,
				    u.rcpt.recipient);
	size_t			 original = offsetof(struct lmtp_command,
				    u.rcpt.original);

	(void)state;
	assert_true(valid(&cmd));
	assert_end_matters(cmd, to, ADDR_MAX);
	assert_end_matters(cmd, original, ADDR_MAX);
	assert_refused_in(cmd, to, ADDR_MAX, "");
	assert_refused_in(cmd, to, ADDR_MAX, "a@y\033");
	assert_refused_in(cmd, original, ADDR_MAX, "b@y\n");
	assert_refused_in(cmd, original, ADDR_MAX, "\"b\"@y");
	memset(cmd.u.rcpt.original, 0, ADDR_MAX);
	assert_true(valid(&cmd));
}

static void
check_attributes(struct lmtp_command cmd)
{
	size_t			 addr = offsetof(struct lmtp_command,
				    u.xforward.value[XF_ADDR]);
	size_t			 helo = offsetof(struct lmtp_command,
				    u.xforward.value[XF_HELO]);

	assert_true(valid(&cmd));
	assert_end_matters(cmd, addr, LMTP_NAME_MAX);
	assert_end_matters(cmd, helo, LMTP_NAME_MAX);
	assert_refused_in(cmd, helo, LMTP_NAME_MAX, "h\r");
	assert_refused_in(cmd, helo, LMTP_NAME_MAX, "h\377");
	assert_refused_in(cmd, addr, LMTP_NAME_MAX, "192.0.2.256");
	assert_refused_in(cmd, addr, LMTP_NAME_MAX, "IPv6:::1");
	assert_refused_in(cmd, addr, LMTP_NAME_MAX, "::ffff:192.0.2.7");
	assert_refused_in(cmd, addr, LMTP_NAME_MAX, "2001:DB8::1");
	cmd.u.xforward.given = 1 << XF_ADDR;
	assert_false(valid(&cmd));
	cmd.u.xforward.given = 1 << XF_ADDR | 1 << XF_HELO | 1 << XF_ATTRS;
	assert_false(valid(&cmd));
	memset(&cmd.u, 0, sizeof(cmd.u));
	assert_false(valid(&cmd));
	cmd.u.xforward.given = 1 << XF_ADDR;
	assert_true(valid(&cmd));
}

static void
xforward_must_be_clean(void **state)
{
	struct lmtp_command	 cmd = parsed("XFORWARD ADDR=192.0.2.7 HELO=h");

	(void)state;
	assert_int_equal(cmd.verb, LMTP_XFORWARD);
	check_attributes(cmd);
}

static void
xclient_must_be_clean(void **state)
{
	struct lmtp_command	 cmd = parsed("XCLIENT ADDR=192.0.2.7 HELO=h");

	(void)state;
	assert_int_equal(cmd.verb, LMTP_XCLIENT);
	assert_int_equal(lmtp_command_size(LMTP_XCLIENT),
	    lmtp_command_size(LMTP_XFORWARD));
	check_attributes(cmd);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(size_and_verb_must_agree),
		cmocka_unit_test(bare_verbs_have_no_more),
		cmocka_unit_test(lhlo_must_be_clean),
		cmocka_unit_test(mail_must_be_clean),
		cmocka_unit_test(rcpt_must_be_clean),
		cmocka_unit_test(xforward_must_be_clean),
		cmocka_unit_test(xclient_must_be_clean),
	};

	return cmocka_run_group_tests_name("lmtp_valid", tests, NULL, NULL);
}
