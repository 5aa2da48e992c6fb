/*
 * Notices of new server addresses: to whom, when, how often, what they say;
 * and that nothing is told twice or lost when the mailer fails.
 */
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <setjmp.h>
#include <cmocka.h>

#include "mailer_site.h"
#include "notice.h"
#include "notice_text.h"
#include "seen.h"

static struct site *site;
static char *admins[] = { (char *)"it@example.com", NULL };
static struct account acme;

static int
open_site(void **state)
{
	(void)state;
	site = site_open();
	site_script(site, SITE_KEEP);
	acme = (struct account){ .name = (char *)"acme",
	    .admin = { admins, 1 }, .notices_per_hour = 3 };
	return 0;
}

static int
close_site(void **state)
{
	(void)state;
	site_close(site);
	return 0;
}

static void
note(const char *where, time_t when)
{
	struct seen s = { .sender = "alice@example.com",
	    .message = "<1@mail.example.com>, queue id 4Qx",
	    .decision = SEEN_AUTHORISED, .when = when };

	strlcpy(s.where, where, sizeof(s.where));
	assert_int_equal(seen_note(site->dir, "acme", &s), 1);
}

/* 192.0.2.FROM and so on, a second each. */
static void
note_many(unsigned int from, unsigned int n)
{
	char where[SEEN_WHERE_MAX];
	unsigned int i;

	for (i = from; i < from + n; i++) {
		snprintf(where, sizeof(where), "10.0.%u.%u", i / 256, i % 256);
		note(where, 1700000000 + i);
	}
}

static int
tell(void)
{
	return notice_tell(&site->policy, &acme, -1);
}

static unsigned int
mails(void)
{
	char name[32];
	unsigned int n = 0;

	do
		snprintf(name, sizeof(name), "mail.%u", n + 1);
	while (site_read(site, name) != NULL && ++n > 0);
	return n;
}

static void
assert_mail(unsigned int nth, const char *what)
{
	const char *mail;
	char name[32];

	snprintf(name, sizeof(name), "mail.%u", nth);
	mail = site_read(site, name);
	if (mail == NULL || strstr(mail, what) == NULL)
		fail_msg("\"%s\" is not in mail %u: %s", what, nth, mail);
}

/* How many are told, and how many are not. */
static void
assert_entries(long told, long rest)
{
	struct seen *list;
	long i, n = seen_list(site->dir, "acme", false, &list);

	assert_int_equal(n, told + rest);
	for (i = 0; i < n; i++)
		if (list[i].told != 0)
			told--;
		else
			rest--;
	free(list);
	assert_int_equal(told, 0);
	assert_int_equal(rest, 0);
}

/* As if an hour had passed. */
static void
an_hour_later(void)
{
	char path[128];

	site_path(site, "notices/acme", path);
	assert_int_equal(unlink(path), 0);
}

static void
a_new_one_is_told_once(void **state)
{
	(void)state;
	assert_int_equal(tell(), 0);
	note("192.0.2.7", 1700000000);
	assert_int_equal(tell(), 0);
	assert_int_equal(tell(), 0);
	assert_int_equal(mails(), 1);
	assert_entries(1, 0);
	assert_false(seen_untold(site->dir, "acme"));
	assert_string_equal(site_read(site, "log"), "");
}

static void
says_all_of_it(void **state)
{
	static const char *const said[] = {
		"\nTo: it@example.com\n",
		"\nSubject: New server address 192.0.2.7 for account acme\n",
		"-2f192-2e0-2e2-2e7-2f1700000000-2f1@gw.example.net>\n",
		"\n\nA registered sender of account \"acme\" ",
		"\non gw.example.net had not seen ",
		"\n    Address:   192.0.2.7\n",
		"\n    Sender:    alice@example.com\n",
		"\n    When:      2023-11-14 22:13:20 UTC\n",
		"\n    Message:   <1@mail.example.com>, queue id 4Qx\n",
		"\n    Decision:  authorised\n",
		"\n    security = {\"192.0.2.7\"}\n",
		"\n    lmtpctl seen acme\n"
	};
	size_t i;

	(void)state;
	note("192.0.2.7", 1700000000);
	assert_int_equal(tell(), 0);
	for (i = 0; i < NELEM(said); i++)
		assert_mail(1, said[i]);
}

static void
providers_and_networks(void **state)
{
	(void)state;
	note("google", 1700000000);
	note("2001:db8:0:1::/64", 1700000001);
	assert_int_equal(tell(), 0);
	assert_int_equal(mails(), 2);
	assert_mail(1, "\n    Provider:  google\n");
	assert_mail(1, "\n    security = {\"google\"}\n");
	assert_mail(2, "\n    Address:   2001:db8:0:1::/64\n");
	assert_mail(2, "\n    security = {\"2001:db8:0:1::/64\"}\n");
}

/* Mail decides what senders and Message-IDs look like. */
static void
hostile_text_is_harmless(void **state)
{
	struct seen s = { .where = "192.0.2.7", .when = 1700000000,
	    .sender = "\033]0;x\007\303\244@example.com" };
	char *text, *p;
	size_t longest = 0, n;

	(void)state;
	memset(s.message, '\n', sizeof(s.message) - 1);
	text = notice_text(&site->policy, &acme, &s, 1);
	assert_non_null(strstr(text, "Sender:    \\033]0;x\\007\\303\\244@ex"));
	assert_non_null(strstr(text, "Message:   \\012\\012\\012"));
	for (p = text; *p != '\0'; p += n + (p[n] != '\0')) {
		n = strcspn(p, "\n");
		longest = n > longest ? n : longest;
	}
	assert_in_range(longest, 76, 400);
	for (p = text; *p != '\0'; p++)
		assert_true(*p == '\n' || (*p >= ' ' && *p <= '~'));
	free(text);
}

static void
nobody_to_tell(void **state)
{
	(void)state;
	note("192.0.2.7", 1700000000);
	acme.admin.n = 0;
	assert_int_equal(tell(), 0);
	assert_entries(0, 1);
	acme.admin.n = 1;
	assert_int_equal(tell(), 0);
	assert_int_equal(mails(), 1);
}

static void
no_mailer(void **state)
{
	(void)state;
	note("192.0.2.7", 1700000000);
	site->policy.mailer.n = 0;
	assert_int_equal(tell(), 1);
	assert_entries(0, 1);
	assert_non_null(strstr(site_read(site, "log"), "no mailer"));
}

static void
none_an_hour_is_none_ever(void **state)
{
	(void)state;
	note_many(0, 5);
	acme.notices_per_hour = 0;
	site->policy.mailer.n = 0;
	assert_int_equal(tell(), 0);
	assert_int_equal(mails(), 0);
	assert_entries(5, 0);
	assert_false(seen_untold(site->dir, "acme"));
}

/* What did not go is told by a later delivery, and takes no place. */
static void
a_mailer_that_fails(void **state)
{
	int i;

	(void)state;
	note_many(0, 2);
	site_script(site, "exit 75");
	for (i = 0; i < 10; i++)
		assert_int_equal(tell(), 1);
	assert_entries(0, 2);
	assert_int_equal(count(site_read(site, "log"), "exit status 75"), 10);
	site_script(site, SITE_KEEP);
	assert_int_equal(tell(), 0);
	assert_int_equal(mails(), 2);
	assert_entries(2, 0);
}

/* One that may have sent it counts: what it does not tell is no mail bomb. */
static void
a_mailer_that_dies(void **state)
{
	int i;

	(void)state;
	note_many(0, 1);
	site_script(site, SITE_KEEP "kill -9 $$");
	for (i = 0; i < 10; i++)
		assert_int_equal(tell(), 1);
	assert_int_equal(mails(), 3);
	assert_entries(0, 1);
}

static void
the_second_mail_fails(void **state)
{
	(void)state;
	note_many(0, 3);
	site_script(site, SITE_KEEP "test $n != 2");
	assert_int_equal(tell(), 1);
	assert_entries(1, 2);
	site_script(site, SITE_KEEP);
	assert_int_equal(tell(), 0);
	assert_int_equal(mails(), 4);
	assert_mail(1, "Address:   10.0.0.0\n");
	assert_mail(2, "Address:   10.0.0.1\n");
	assert_mail(3, "Address:   10.0.0.1\n");
	assert_mail(4, "Address:   10.0.0.2\n");
}

/* Three mails, the last of which tells of all that is left. */
static void
a_flood_is_a_summary(void **state)
{
	(void)state;
	note_many(0, 300);
	assert_int_equal(tell(), 0);
	assert_int_equal(mails(), 3);
	assert_entries(300, 0);
	assert_mail(1, "\nSubject: New server address 10.0.0.0 for account ");
	assert_mail(2, "\nSubject: New server address 10.0.0.1 for account ");
	assert_mail(3, "\nSubject: 298 new server addresses for account ");
	assert_mail(3, "\n\n    10.0.0.2  ");
	assert_mail(3, "\n    10.0.0.201  ");
	assert_mail(3, "2023-11-14 22:16:41 UTC  alice@example.com\n"
	    "    and 98 more\n\n");
	assert_false(seen_untold(site->dir, "acme"));
}

/* None is told past the limit, and all that came are when the hour allows. */
static void
what_comes_later_waits(void **state)
{
	int i;

	(void)state;
	note_many(0, 3);
	assert_int_equal(tell(), 0);
	for (i = 3; i < 10; i++) {
		note_many((unsigned int)i, 1);
		assert_int_equal(tell(), 1);
	}
	assert_int_equal(mails(), 3);
	assert_entries(3, 7);
	an_hour_later();
	acme.notices_per_hour = 1;
	assert_int_equal(tell(), 0);
	assert_int_equal(mails(), 4);
	assert_entries(10, 0);
	assert_mail(4, "\nSubject: 7 new server addresses for account acme\n");
	note_many(10, 1);
	assert_int_equal(tell(), 1);
	an_hour_later();
	assert_int_equal(tell(), 0);
	assert_mail(5, "\nSubject: New server address 10.0.0.10 for ");
}

/* A summary that does not go is told later, and whole. */
static void
a_summary_that_fails(void **state)
{
	(void)state;
	note_many(0, 6);
	site_script(site, SITE_KEEP "test $n != 3");
	assert_int_equal(tell(), 1);
	assert_entries(2, 4);
	site_script(site, SITE_KEEP);
	note_many(6, 1);
	assert_int_equal(tell(), 0);
	assert_entries(7, 0);
	assert_mail(3, "\nSubject: 4 new server addresses for account acme\n");
	assert_mail(4, "\nSubject: 5 new server addresses for account acme\n");
}

static void
told_to_stop(void **state)
{
	int fd[2];

	(void)state;
	assert_int_equal(pipe(fd), 0);
	note_many(0, 2);
	close(fd[1]);
	assert_int_equal(notice_tell(&site->policy, &acme, fd[0]), 1);
	close(fd[0]);
	assert_int_equal(mails(), 0);
	assert_entries(0, 2);
}

static void
another_is_at_it(void **state)
{
	int fd;

	(void)state;
	note_many(0, 1);
	fd = seen_lock(site->dir, "acme");
	assert_int_not_equal(fd, -1);
	assert_int_equal(tell(), 1);
	assert_int_equal(mails(), 0);
	assert_string_equal(site_read(site, "log"), "");
	close(fd);
	assert_int_equal(tell(), 0);
	assert_int_equal(mails(), 1);
}

/* Noted while we told, by one who found us at it and went away. */
static void
one_that_comes_meanwhile(void **state)
{
	char go[128];
	pid_t pid;
	int i, status;

	(void)state;
	site_script(site, SITE_KEEP
	    "test $n != 1 || while ! test -e $D/go; do sleep .01; done");
	site_path(site, "go", go);
	note_many(0, 1);
	if ((pid = fork()) == 0)
		_exit(tell());
	for (i = 0; i < 500 && mails() == 0; i++)
		usleep(10000);
	note_many(1, 1);
	assert_int_equal(tell(), 1);
	assert_true(close(open(go, O_CREAT | O_WRONLY, 0600)) == 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(mails(), 2);
	assert_entries(2, 0);
}

/* Many deliveries at once: one mail for each address. */
static void
many_at_once(void **state)
{
	pid_t pid[20];
	int i, status;

	(void)state;
	acme.notices_per_hour = 100;
	site_script(site, "cat >$D/mail.$(mktemp -u XXXXXXXX)");
	for (i = 0; i < (int)NELEM(pid); i++)
		if ((pid[i] = fork()) == 0) {
			note_many((unsigned int)i, 1);
			_exit(tell() == -1);
		}
	for (i = 0; i < (int)NELEM(pid); i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(tell(), 0);
	assert_entries(NELEM(pid), 0);
	site_script(site, "ls $D | grep -c '^mail\\.'\n"
	    "cat $D/mail.* | grep Address: | sort | uniq -d | wc -l");
	note_many(100, 1);
	assert_int_equal(tell(), 0);
	assert_string_equal(site_read(site, "log"),
	    "test: mailer: 20\ntest: mailer: 0\n");
}

/* In a child, as one whom the kernel can forbid to write. */
static int
tell_unprivileged(void)
{
	char path[128];
	int i, rc = 0;

	if (getuid() == 0 && (setgid(65534) == -1 || setuid(65534) == -1))
		return 2;
	note_many(0, 1);
	if (tell() != 0)		/* all files are made */
		return 3;
	note_many(1, 1);
	site_path(site, "seen/acme", path);
	if (chmod(path, 0500) == -1)
		return 4;
	for (i = 0; i < 3 && rc == 0; i++)
		rc = tell() == -1 ? 0 : 5;
	chmod(path, 0700);
	return rc;
}

static int
take_it(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return lchown(path, getuid(), -1);
}

/* Who cannot note that it was told would tell it again and again. */
static void
what_cannot_be_noted_is_not_told(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (getuid() == 0)
		assert_int_equal(chown(site->dir, 65534, 65534), 0);
	if ((pid = fork()) == 0)
		_exit(tell_unprivileged());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 0);
	/* what is another's is not ours to believe */
	assert_int_equal(nftw(site->dir, take_it, 8, FTW_PHYS), 0);
	assert_int_equal(mails(), 1);
	assert_entries(1, 1);
	assert_int_equal(count(site_read(site, "log"), "Permission denied"),
	    3);
	assert_int_equal(tell(), 0);
	assert_int_equal(mails(), 2);
	assert_mail(2, "Address:   10.0.0.1\n");
}

int
main(void)
{
#define CASE(f)	cmocka_unit_test_setup_teardown(f, open_site, close_site)
	const struct CMUnitTest tests[] = {
		CASE(a_new_one_is_told_once),
		CASE(says_all_of_it),
		CASE(providers_and_networks),
		CASE(hostile_text_is_harmless),
		CASE(nobody_to_tell),
		CASE(no_mailer),
		CASE(none_an_hour_is_none_ever),
		CASE(a_mailer_that_fails),
		CASE(a_mailer_that_dies),
		CASE(the_second_mail_fails),
		CASE(a_flood_is_a_summary),
		CASE(what_comes_later_waits),
		CASE(a_summary_that_fails),
		CASE(told_to_stop),
		CASE(another_is_at_it),
		CASE(one_that_comes_meanwhile),
		CASE(many_at_once),
		CASE(what_cannot_be_noted_is_not_told)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
