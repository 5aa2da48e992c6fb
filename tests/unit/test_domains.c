/*
 * Domains and their tokens, on a real file system: what is kept, what a file
 * that nobody here wrote comes to, and that a writer killed half-way leaves
 * the old state.
 */
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "dir_site.h"
#include "domains.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define TOKEN		"0123456789abcdef0123456789abcdef"
#define OTHER		"ffffffffffffffffffffffffffffffff"
#define DOMAIN		"example.com"
#define WHEN		"2026-01-31T23:59:59Z"
#define WHEN_S		1769903999
#define LABEL_16	"a234567890123456"
#define LABEL_64	LABEL_16 LABEL_16 LABEL_16 LABEL_16
#define GOOD		"token " TOKEN "\nissued " WHEN "\n"

static const char *
path_of(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/domains/%s", dir, name);
	return path;
}

/* A file as someone else may have left it. */
static void
put(const char *name, const char *text, size_t len)
{
	int fd;

	(void)mkdir(path_of(""), 0700);
	fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, len), len);
	close(fd);
}

static struct domain_proof
proof_of(const char *token, time_t verified)
{
	struct domain_proof proof = { .issued = WHEN_S, .verified = verified };

	strlcpy(proof.token, token, sizeof(proof.token));
	return proof;
}

static void
test_nothing_issued(void **state)
{
	struct domain_proof proof;
	char **list;

	(void)state;
	assert_int_equal(domains_verified(dir, DOMAIN), 0);
	assert_int_equal(domains_read(dir, DOMAIN, &proof), 0);
	list = domains_list(dir);
	assert_non_null(list);
	assert_null(list[0]);
	free(list);
}

static void
test_round_trip(void **state)
{
	struct domain_proof in = proof_of(TOKEN, WHEN_S + 1), out;

	(void)state;
	in.checked = WHEN_S + 2;
	assert_int_equal(domains_write(dir, DOMAIN, &in), 0);
	assert_int_equal(domains_read(dir, DOMAIN, &out), 1);
	assert_string_equal(out.token, TOKEN);
	assert_int_equal(out.issued, WHEN_S);
	assert_int_equal(out.verified, WHEN_S + 1);
	assert_int_equal(out.checked, WHEN_S + 2);
	assert_int_equal(domains_verified(dir, DOMAIN), 1);
	assert_int_equal(domains_verified(dir, "sub." DOMAIN), 0);
	in = proof_of(TOKEN, 0);
	assert_int_equal(domains_write(dir, DOMAIN, &in), 0);
	assert_int_equal(domains_verified(dir, DOMAIN), 0);
}

static void
test_plain_text(void **state)
{
	struct domain_proof in = proof_of(TOKEN, WHEN_S);
	char text[256] = "";
	struct stat st;
	int fd;

	(void)state;
	umask(0);
	assert_int_equal(domains_write(dir, DOMAIN, &in), 0);
	fd = open(path_of(DOMAIN), O_RDONLY);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	assert_string_equal(text, GOOD "verified " WHEN "\n");
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	close(fd);
	assert_int_equal(stat(path_of(""), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
}

static void
test_names(void **state)
{
	static const char *const bad[] = {
		"", ".", "..", "../x", "a/b", "/etc/passwd", ".hidden", "a..b",
		"a.", "Example.com", "a b", "m\xc3\xbcller.example", "-a.b",
		"a-.b", "a\n.b", "*.example.com",
		LABEL_64 ".b"
	};
	struct domain_proof proof = proof_of(TOKEN, WHEN_S);
	char name[300];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(bad); i++) {
		errno = 0;
		assert_int_equal(domains_write(dir, bad[i], &proof), -1);
		assert_int_equal(errno, EINVAL);
		assert_int_equal(domains_read(dir, bad[i], &proof), -1);
		assert_int_equal(domains_verified(dir, bad[i]), -1);
	}
	for (i = 0; i < 253; i++)
		name[i] = i % 2 == 0 ? 'a' : '.';
	name[253] = '\0';
	assert_int_equal(domains_write(dir, name, &proof), 0);
	assert_int_equal(domains_verified(dir, name), 1);
	strlcat(name, ".b", sizeof(name));
	assert_int_equal(domains_write(dir, name, &proof), -1);
	assert_int_equal(domains_write(dir, "xn--mller-kva._x.e", &proof), 0);
}

static void
test_no_proof_written(void **state)
{
	struct domain_proof bad = proof_of("short", WHEN_S);

	(void)state;
	assert_int_equal(domains_write(dir, DOMAIN, &bad), -1);
	bad = proof_of(TOKEN, WHEN_S);
	bad.issued = 0;
	assert_int_equal(domains_write(dir, DOMAIN, &bad), -1);
	assert_int_equal(domains_read(dir, DOMAIN, &bad), 0);
}

/* Neither verified nor not: whoever asks shall defer. */
static void
test_damaged(void **state)
{
	static const char *const bad[] = {
		"", "\n", "token " TOKEN "\n", "issued " WHEN "\n",
		"token " TOKEN "\nissued " WHEN,
		"token " TOKEN "0\nissued " WHEN "\n",
		"token 0123456789ABCDEF0123456789ABCDEF\nissued " WHEN "\n",
		GOOD "verified\n", GOOD "verified \n", GOOD "verified yes\n",
		GOOD "verified 2026-01-31\n", GOOD "verified " WHEN " \n",
		GOOD "verified 2026-1-31T23:59:59Z\n",
		GOOD "verified 1970-01-01T00:00:00Z\n",
		GOOD "verified 2026-02-31T23:59:59Z\n",
		GOOD "verified " WHEN, GOOD "unknown key\n", GOOD "\n"
	};
	struct domain_proof proof;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(bad); i++) {
		put(DOMAIN, bad[i], strlen(bad[i]));
		assert_int_equal(domains_verified(dir, DOMAIN), -1);
		assert_int_equal(domains_read(dir, DOMAIN, &proof), -1);
		assert_int_equal(errno, EBADMSG);
	}
	put(DOMAIN, GOOD, sizeof(GOOD));
	assert_int_equal(domains_verified(dir, DOMAIN), -1);
	put(DOMAIN, GOOD, strlen(GOOD));
	assert_int_equal(domains_verified(dir, DOMAIN), 0);
}

static void
test_too_long(void **state)
{
	char text[4096] = GOOD;
	size_t len = strlen(text);

	(void)state;
	while (len + strlen("checked " WHEN "\n") < sizeof(text))
		len = strlcat(text, "checked " WHEN "\n", sizeof(text));
	put(DOMAIN, text, len);
	assert_int_equal(domains_verified(dir, DOMAIN), -1);
}

static void
test_no_plain_file(void **state)
{
	(void)state;
	put("other", GOOD "verified " WHEN "\n",
	    strlen(GOOD "verified " WHEN "\n"));
	assert_int_equal(domains_verified(dir, "other"), 1);
	assert_int_equal(symlink("other", path_of("link")), 0);
	assert_int_equal(domains_verified(dir, "link"), -1);
	assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
	assert_int_equal(domains_verified(dir, "fifo"), -1);
	assert_int_equal(mkdir(path_of("dir"), 0700), 0);
	assert_int_equal(domains_verified(dir, "dir"), -1);
}

static void
test_list(void **state)
{
	static const char *const wanted[] = { "a.example", "b.example", "c" };
	struct domain_proof proof = proof_of(TOKEN, 0);
	char **list;
	size_t i;

	(void)state;
	for (i = NELEM(wanted); i > 0; i--)
		assert_int_equal(domains_write(dir, wanted[i - 1], &proof), 0);
	put(".new-0", "half", 4);
	put("NOT A DOMAIN", "x", 1);
	list = domains_list(dir);
	assert_non_null(list);
	for (i = 0; i < NELEM(wanted); i++) {
		assert_non_null(list[i]);
		assert_string_equal(list[i], wanted[i]);
		free(list[i]);
	}
	assert_null(list[i]);
	free(list);
}

static void
test_no_directory(void **state)
{
	struct domain_proof proof = proof_of(TOKEN, 0);

	(void)state;
	put("x", "x", 1);
	assert_int_equal(domains_write("/nonexistent", DOMAIN, &proof), -1);
	assert_int_equal(domains_lock("/nonexistent"), -1);
	assert_int_equal(domains_verified(path_of("x"), DOMAIN), -1);
	assert_int_equal(errno, ENOTDIR);
	assert_null(domains_list(path_of("x")));
}

static void
test_tokens(void **state)
{
	char seen[64][SPF_TOKEN_MAX];
	size_t i, j;

	(void)state;
	for (i = 0; i < NELEM(seen); i++) {
		domains_token(seen[i]);
		assert_int_equal(strlen(seen[i]), 32);
		assert_int_equal(strspn(seen[i], "0123456789abcdef"), 32);
		for (j = 0; j < i; j++)
			assert_string_not_equal(seen[i], seen[j]);
	}
}

static void
test_lock(void **state)
{
	int fd = domains_lock(dir), other;

	(void)state;
	assert_int_not_equal(fd, -1);
	other = open(path_of(""), O_RDONLY);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), -1);
	close(fd);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), 0);
	close(other);
}

/* Writes for ever, one proof and the other. */
static _Noreturn void
write_on(void)
{
	struct domain_proof one = proof_of(TOKEN, WHEN_S);
	struct domain_proof two = proof_of(OTHER, 0);

	for (;;)
		if (domains_write(dir, DOMAIN, &one) == -1 ||
		    domains_write(dir, DOMAIN, &two) == -1)
			_exit(1);
}

static void
check_whole(void)
{
	struct domain_proof proof;

	assert_int_equal(domains_read(dir, DOMAIN, &proof), 1);
	if (proof.verified != 0)
		assert_string_equal(proof.token, TOKEN);
	else
		assert_string_equal(proof.token, OTHER);
}

static void
test_killed(void **state)
{
	struct domain_proof proof = proof_of(OTHER, 0);
	int round, status;
	pid_t pid;

	(void)state;
	assert_int_equal(domains_write(dir, DOMAIN, &proof), 0);
	for (round = 0; round < 25; round++) {
		if ((pid = fork()) == 0)
			write_on();
		assert_int_not_equal(pid, -1);
		usleep((useconds_t)(round * 400));
		check_whole();
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		check_whole();
	}
}

#define CASE(f)	cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_nothing_issued),
		CASE(test_round_trip),
		CASE(test_plain_text),
		CASE(test_names),
		CASE(test_no_proof_written),
		CASE(test_damaged),
		CASE(test_too_long),
		CASE(test_no_plain_file),
		CASE(test_list),
		CASE(test_no_directory),
		CASE(test_tokens),
		CASE(test_lock),
		CASE(test_killed)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
