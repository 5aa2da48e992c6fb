/*
 * Telling users: the queue, who is told and who is not again, and what the
 * mail says.  The table is a stand-in: who has "gone" in it is not there.
 */
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>
#include <cmocka.h>

#include "announce.h"
#include "announce_text.h"
#include "announce_text.h"
#include "mailer_site.h"
#include "table.h"

#define TEMPLATE	"Subject: hello %a\n\n%u\n"

static struct site *site;
static int table_error;		/* of table_open() or, negative, table_find() */

struct table {
	int	 unused;
};

struct table *
table_open(const char *state_dir, const char *name)
{
	assert_string_equal(state_dir, site->dir);
	assert_string_equal(name, "staff");
	errno = table_error;
	return table_error > 0 ? NULL : calloc(1, sizeof(struct table));
}

int
table_find(const struct table *t, const char *address,
    char user[TABLE_USER_MAX])
{
	assert_non_null(t);
	errno = -table_error;
	if (table_error < 0)
		return -1;
	strlcpy(user, "user.of.", TABLE_USER_MAX);
	strlcat(user, address, TABLE_USER_MAX);
	*strchr(user, '@') = '\0';
	return strstr(address, "gone") == NULL;
}

void
table_close(struct table *t)
{
	free(t);
}

static int
open_site(void **state)
{
	(void)state;
	site = site_open();
	site_script(site, "sed -n 's/^To: //p' >>$D/told");
	table_error = 0;
	return 0;
}

static int
close_site(void **state)
{
	(void)state;
	site_close(site);
	return 0;
}

/* Words by blanks: "a b c" are a@x.example and so on. */
static void
queue(const char *names)
{
	struct announce *a = announce_begin(site->dir, "staff");
	char address[64];
	size_t n;

	assert_non_null(a);
	for (; *names != '\0'; names += n + (names[n] == ' ')) {
		n = strcspn(names, " ");
		snprintf(address, sizeof(address), "%.*s@x.example", (int)n,
		    names);
		assert_int_equal(announce_add(a, address, "u"), 0);
	}
	assert_int_equal(announce_commit(a), 0);
}

static int
run(void)
{
	return announce_run(&site->policy, "staff", TEMPLATE, -1, NULL, NULL);
}

static void
assert_left(long n)
{
	assert_int_equal(announce_left(site->dir, "staff"), n);
}

/* The same words, of who was told and in which order. */
static void
assert_told(const char *names)
{
	const char *told = site_read(site, "told");
	char want[2048] = "";
	size_t n;

	for (; *names != '\0'; names += n + (names[n] == ' ')) {
		n = strcspn(names, " ");
		strncat(want, names, n);
		strlcat(want, "@x.example\n", sizeof(want));
	}
	assert_string_equal(told != NULL ? told : "", want);
}

static void
assert_log(const char *what, unsigned int times)
{
	const char *log = site_read(site, "log");

	if (count(log, what) != times)
		fail_msg("\"%s\" is not %u times in %s", what, times, log);
}

static void
no_queue(void **state)
{
	(void)state;
	assert_left(0);
	assert_int_equal(run(), 0);
	queue("");
	assert_left(0);
	assert_int_equal(run(), 0);
	assert_null(site_read(site, "tables/staff.notify"));
	assert_null(site_read(site, "tables/.staff.notify-new"));
	assert_string_equal(site_read(site, "log"), "");
}

static void
all_are_told(void **state)
{
	(void)state;
	queue("a b c");
	assert_left(3);
	assert_string_equal(site_read(site, "tables/staff.notify"),
	    "+a@x.example\tu\n+b@x.example\tu\n+c@x.example\tu\n");
	assert_int_equal(run(), 0);
	assert_told("a b c");
	assert_left(0);
	assert_null(site_read(site, "tables/staff.notify"));
	assert_int_equal(run(), 0);
	assert_told("a b c");
}

/* An import that ends badly leaves the queue as it was. */
static void
an_abort_adds_nobody(void **state)
{
	struct announce *a;

	(void)state;
	queue("a");
	a = announce_begin(site->dir, "staff");
	assert_int_equal(announce_add(a, "b@x.example", "u"), 0);
	announce_abort(a);
	announce_abort(NULL);
	assert_left(1);
	assert_null(site_read(site, "tables/.staff.notify-new"));
	assert_int_equal(run(), 0);
	assert_told("a");
}

/* An import after one that was interrupted, of the same and of more. */
static void
nobody_is_queued_twice(void **state)
{
	char names[4000] = "";
	int i;

	(void)state;
	for (i = 0; i < 400; i++)
		snprintf(names + strlen(names), 10, "%sn%d",
		    i > 0 ? " " : "", i);
	queue(names);
	queue(names);
	assert_left(400);
	queue("n399 n40 n4 n n400 n0");
	assert_left(402);
	assert_string_equal(strrchr(site_read(site, "tables/staff.notify"),
	    '+'), "+n400@x.example\tu\n");
}

static void
what_cannot_stand_in_a_line(void **state)
{
	static const char *const bad[][2] = {
		{ "a@x.example\n+b@x.example", "u" }, { "a@x\ty", "u" },
		{ "", "u" }, { "a@x.example", "u\n+b@x.example\tu" },
		{ "a@x.example", "a\tb" }
	};
	struct announce *a = announce_begin(site->dir, "staff");
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(bad); i++) {
		errno = 0;
		assert_int_equal(announce_add(a, bad[i][0], bad[i][1]), -1);
		assert_int_equal(errno, EINVAL);
	}
	assert_int_equal(announce_commit(a), 0);
	assert_left(0);
	assert_null(announce_begin(site->dir, "../x"));
	assert_int_equal(errno, EINVAL);
	assert_null(announce_begin(site->dir, ""));
}

static void
a_failure_is_tried_again_last(void **state)
{
	(void)state;
	queue("a b c d");
	site_script(site, "to=$(sed -n 's/^To: //p')\n"
	    "case $to in b*) exit 75; esac\necho $to >>$D/told");
	assert_int_equal(run(), -1);
	assert_told("a c d");
	assert_left(1);
	assert_string_equal(site_read(site, "tables/staff.notify"),
	    "-a@x.example\tu\n!b@x.example\tu\n-c@x.example\tu\n"
	    "-d@x.example\tu\n");
	assert_log("b@x.example was not told\n", 2);
	/* what is over is forgotten, what is not is kept */
	queue("e a");
	site_script(site, "sed -n 's/^To: //p' >>$D/told");
	assert_int_equal(run(), 0);
	assert_told("a c d e a b");
}

/* No thousand failures where the mailer is broken. */
static void
three_failures_end_it(void **state)
{
	(void)state;
	queue("a b c d e f g h");
	site_script(site, "exit 75");
	assert_int_equal(run(), -1);
	assert_log("exit status 75", 3);
	assert_left(8);
	site_script(site, "sed -n 's/^To: //p' >>$D/told");
	assert_int_equal(run(), 0);
	assert_told("d e f g h a b c");
}

static void
two_failures_and_a_success_do_not(void **state)
{
	(void)state;
	queue("a b c d e f g h i");
	site_script(site, "to=$(sed -n 's/^To: //p')\n"
	    "case $to in [cfi]*) echo $to >>$D/told;; *) exit 1; esac");
	assert_int_equal(run(), -1);
	assert_told("c f i");
	assert_left(6);
}

/* One that died may have sent it: said, and never sent again. */
static void
a_doubt_is_not_told_again(void **state)
{
	(void)state;
	queue("a b c");
	site_script(site, "sed -n 's/^To: //p' >>$D/told\nkill -9 $$");
	assert_int_equal(run(), -1);
	assert_told("a");
	assert_log("users \"staff\": a@x.example may not have been told\n", 1);
	site_script(site, "sed -n 's/^To: //p' >>$D/told");
	assert_int_equal(run(), 0);
	assert_told("a b c");
	assert_log("may not have been told\n", 1);
}

static void
nobody_who_is_gone(void **state)
{
	(void)state;
	queue("a gone.b c");
	assert_int_equal(run(), 0);
	assert_told("a c");
	assert_left(0);
	assert_log("gone.b@x.example is not told", 1);
}

static void
a_table_that_cannot_be_read(void **state)
{
	(void)state;
	queue("a b");
	table_error = ENOENT;
	assert_int_equal(run(), -1);
	table_error = -EBADMSG;
	assert_int_equal(run(), -1);
	assert_left(2);
	assert_told("");
	assert_log("users \"staff\": telling them: ", 2);
	table_error = 0;
	assert_int_equal(run(), 0);
	assert_told("a b");
}

static void
note_progress(void *arg, long done, long all)
{
	char *text = arg;

	snprintf(text + strlen(text), 32, "%ld/%ld ", done, all);
}

static void
tells_how_far(void **state)
{
	char text[256] = "";

	(void)state;
	queue("a b gone c");
	assert_int_equal(announce_run(&site->policy, "staff", TEMPLATE, -1,
	    note_progress, text), 0);
	assert_string_equal(text, "1/4 2/4 2/3 3/3 ");
}

static void
told_to_stop(void **state)
{
	int fd[2];

	(void)state;
	assert_int_equal(pipe(fd), 0);
	queue("a b");
	site_script(site, "sed -n 's/^To: //p' >>$D/told");
	assert_int_equal(write(fd[1], "", 1), 1);
	assert_int_equal(announce_run(&site->policy, "staff", TEMPLATE, fd[0],
	    NULL, NULL), -1);
	close(fd[0]);
	close(fd[1]);
	assert_left(2);
	assert_told("");
}

/* The second is turned away, and so is an import. */
static void
two_runs_at_once(void **state)
{
	char path[128];
	int i, status;
	pid_t pid;

	(void)state;
	queue("a b c");
	site_script(site, "sed -n 's/^To: //p' >>$D/told\n"
	    "while ! test -e $D/go; do sleep .01; done");
	if ((pid = fork()) == 0)
		_exit(run() == 0 ? 0 : 1);
	for (i = 0; i < 500 && site_read(site, "told") == NULL; i++)
		usleep(10000);
	assert_int_equal(run(), -1);
	assert_log("another run is telling them\n", 1);
	assert_null(announce_begin(site->dir, "staff"));
	assert_int_equal(errno, EWOULDBLOCK);
	assert_left(2);
	site_script(site, "sed -n 's/^To: //p' >>$D/told");
	site_path(site, "go", path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_told("a b c");
}

/* Lines that are none are passed over, those that are one count. */
static void
a_damaged_queue(void **state)
{
	char path[128];
	FILE *f;
	int i;

	(void)state;
	queue("a");
	site_path(site, "tables/staff.notify", path);
	f = fopen(path, "we");
	fputs("\n+\n+\tu\nxa@x.example\tu\n+b@x.example\tu\n+c@x.example\n+",
	    f);
	for (i = 0; i < 5000; i++)
		fputc('l', f);
	fputs("@x.example\tu\n+a\001@x.example\tu\n+d@x.example\tu", f);
	fclose(f);
	assert_left(1);
	assert_int_equal(run(), 0);
	assert_told("b");
}

/* --- the mail ---------------------------------------------------------- */

static void
templates(void **state)
{
	static const struct {
		const char	*template;
		const char	*why;
	} rows[] = {
		{ "Subject: x\n\n", NULL },
		{ "Subject: x\r\n\r\nbody %a %u %c 100%%\r\n", NULL },
		{ "Subject:x\n\nbody", NULL },
		{ "", "first line" },
		{ "\nSubject: x\n\n", "first line" },
		{ "Subject: \n\nbody\n", "first line" },
		{ "Subject: x", "first line" },
		{ "Hello\n\nbody\n", "first line" },
		{ "Subject: x\nTo: y\n\nbody\n", "second line" },
		{ "Subject: x\n", "second line" },
		{ "Subject: x\n\n%b\n", "%a, %u, %c" },
		{ "Subject: %s\n\n", "%a, %u, %c" },
		{ "Subject: x\n\n100%", "%a, %u, %c" }
	};
	const char *why;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		assert_int_equal(announce_check(rows[i].template, &why),
		    rows[i].why == NULL ? 0 : -1);
		if (rows[i].why == NULL)
			assert_null(why);
		else if (strstr(why, rows[i].why) == NULL)
			fail_msg("%s: %s", rows[i].template, why);
	}
	queue("a");
	assert_int_equal(announce_run(&site->policy, "staff", "x\n", -1,
	    NULL, NULL), -1);
	assert_log("the template: the first line is to be ", 1);
	assert_left(1);
}

static void
assert_text(const char *template, const char *forms, const char *subject,
    const char *body)
{
	char *text = announce_text(&site->policy, template, "a@x.example",
	    "acme.a", forms), *p;

	assert_non_null(strstr(text, "\nTo: a@x.example\nSubject: "));
	p = strstr(text, "Subject: ");
	assert_int_equal(strncmp(p + 9, subject, strlen(subject)), 0);
	assert_int_equal(p[9 + strlen(subject)], '\n');
	p = strstr(text, "\n\n");
	assert_string_equal(p + 2, body);
	free(text);
}

static void
fills_the_template_in(void **state)
{
	(void)state;
	assert_text("Subject: for %a\n\n%u, 100%%\n", "", "for a@x.example",
	    "acme.a, 100%\n");
	assert_text("Subject: x\r\n\r\n  %c\r\n%c\r\n", "N@a\nN@b\nN@c", "x",
	    "  N@a\n  N@b\n  N@c\nN@a\nN@b\nN@c\n");
	assert_text("Subject:   %c\n\nto: %c\n", "N@a\nN@b", "N@a N@b",
	    "to: N@a\nN@b\n");
	assert_text("Subject: J\303\274rg\n\n\303\244\n", "",
	    "=?utf-8?B?SsO8cmc=?=", "\303\244\n");
}

/* Only those of accounts that have the table. */
static void
the_forms_of_the_channels(void **state)
{
	struct channel channel[] = {
		{ .pattern = (char *)"*@sms.example.net", .number = true },
		{ .pattern = (char *)"*@*.box.example.net" },
		{ .pattern = (char *)"desk@example.net", .number = true },
		{ .pattern = (char *)"*@not.example.net", .number = true }
	};
	struct grant ours[] = { { .channel = &channel[0] },
	    { .channel = &channel[1] }, { .channel = &channel[2] } };
	struct grant other[] = { { .channel = &channel[3] } };
	struct source staff[] = {
		{ .kind = SOURCE_EMAIL, .name = (char *)"a@x.example" },
		{ .kind = SOURCE_USERS, .name = (char *)"staff" }
	};
	struct source none[] = {
		{ .kind = SOURCE_DOMAIN, .name = (char *)"staff" },
		{ .kind = SOURCE_USERS, .name = (char *)"stuff" }
	};
	struct account account[] = {
		{ .grant = other, .grants = 1, .source = none, .sources = 2 },
		{ .grant = ours, .grants = 3, .source = staff, .sources = 2 }
	};
	char *forms;

	(void)state;
	site->policy.account = account;
	site->policy.accounts = 2;
	forms = announce_forms(&site->policy, "staff");
	assert_string_equal(forms, "NUMBER@sms.example.net\n"
	    "NAME@*.box.example.net\ndesk@example.net");
	free(forms);
	forms = announce_forms(&site->policy, "nothing");
	assert_string_equal(forms, "");
	free(forms);
	site_script(site, "cat >$D/mail");
	queue("a");
	assert_int_equal(announce_run(&site->policy, "staff",
	    "Subject: x\n\n%c, %u\n", -1, NULL, NULL), 0);
	assert_non_null(strstr(site_read(site, "mail"), "\n\nNUMBER@sms."
	    "example.net\nNAME@*.box.example.net\ndesk@example.net, "
	    "user.of.a\n"));
}

int
main(void)
{
#define CASE(f)	cmocka_unit_test_setup_teardown(f, open_site, close_site)
	const struct CMUnitTest tests[] = {
		CASE(no_queue),
		CASE(all_are_told),
		CASE(an_abort_adds_nobody),
		CASE(nobody_is_queued_twice),
		CASE(what_cannot_stand_in_a_line),
		CASE(a_failure_is_tried_again_last),
		CASE(three_failures_end_it),
		CASE(two_failures_and_a_success_do_not),
		CASE(a_doubt_is_not_told_again),
		CASE(nobody_who_is_gone),
		CASE(a_table_that_cannot_be_read),
		CASE(tells_how_far),
		CASE(told_to_stop),
		CASE(two_runs_at_once),
		CASE(a_damaged_queue),
		CASE(templates),
		CASE(fills_the_template_in),
		CASE(the_forms_of_the_channels)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
