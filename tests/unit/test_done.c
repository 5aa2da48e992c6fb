/*
 * What was delivered, on a real file system, by a clock that is set.
 */
#include "state_site.h"

#include <sys/file.h>

#include "done.h"

#define KEY	"0123456789abcdef0123456789abcdef"
#define OTHER	"01ffffffffffffffffffffffffffffff"
#define FILE_OF	"done/01/" KEY
#define ID	"697e6a7f00000.1f.0"
#define LINE	"2026-01-31T23:59:59Z " ID "\n"
#define HOUR	3600UL

static char	 id[DONE_ID_MAX];

static enum done_answer
claim(struct done *d)
{
	id[0] = '\0';
	return done_claim(dir, KEY, HOUR, d, id);
}

static void
keep(void)
{
	struct done	 d;

	assert_int_equal(claim(&d), DONE_CLAIMED);
	assert_int_equal(done_keep(&d, ID), 0);
	assert_int_equal(d.fd, -1);
}

/* Not remembered: it could be claimed. */
static bool
is_new(void)
{
	struct done		 d;
	enum done_answer	 answer = claim(&d);

	done_release(dir, &d);
	return answer == DONE_CLAIMED;
}

static bool
is_before(void)
{
	struct done	 d;

	return claim(&d) == DONE_BEFORE && strcmp(id, ID) == 0 && d.fd == -1;
}

/* As someone left it whose machine lost its power. */
static void
put_line(const char *text, size_t n)
{
	(void)mkdir(path_of("done"), 0700);
	(void)mkdir(path_of("done/01"), 0700);
	put(FILE_OF, text, n);
}

static void
test_kept(void **state)
{
	struct done	 d;

	(void)state;
	assert_int_equal(claim(&d), DONE_CLAIMED);
	assert_string_equal(d.key, KEY);
	assert_int_equal(size_of(FILE_OF), 0);
	assert_int_equal(done_keep(&d, ID), 0);
	assert_int_equal(d.fd, -1);
	assert_string_equal(text_of(FILE_OF), LINE);
	assert_int_equal(mode_of("done"), 0700);
	assert_int_equal(mode_of("done/01"), 0700);
	assert_int_equal(mode_of(FILE_OF), 0600);
	assert_true(is_before());
	assert_true(is_before());
	assert_int_equal(done_claim(dir, OTHER, HOUR, &d, id), DONE_CLAIMED);
	done_release(dir, &d);
}

static void
test_released(void **state)
{
	struct done	 d;

	(void)state;
	assert_int_equal(claim(&d), DONE_CLAIMED);
	done_release(dir, &d);
	assert_int_equal(d.fd, -1);
	assert_false(exists(FILE_OF));
	done_release(dir, &d);
	keep();
	assert_true(is_before());
	done_release(dir, &d);
	assert_true(exists(FILE_OF));
}

/* Also by the same process, for another recipient. */
static void
test_held(void **state)
{
	struct done	 d, other;

	(void)state;
	assert_int_equal(claim(&d), DONE_CLAIMED);
	assert_int_equal(claim(&other), DONE_HELD);
	assert_int_equal(other.fd, -1);
	done_release(dir, &other);
	assert_true(exists(FILE_OF));
	assert_int_equal(claim(&other), DONE_HELD);
	assert_int_equal(done_keep(&d, ID), 0);
	assert_true(is_before());
}

/* Of one that died: ours at once. */
static int
claim_and_die(void)
{
	struct done	 d;

	return claim(&d);
}

static void
test_dead(void **state)
{
	(void)state;
	assert_int_equal(apart(claim_and_die), DONE_CLAIMED);
	assert_true(exists(FILE_OF));
	assert_true(is_new());
	keep();
	assert_true(is_before());
}

static void
test_expired(void **state)
{
	struct done	 d;

	(void)state;
	keep();
	now_ms += 3599 * 1000;
	assert_true(is_before());
	now_ms += 1000;
	assert_int_equal(claim(&d), DONE_CLAIMED);
	assert_int_equal(size_of(FILE_OF), 0);
	assert_int_equal(done_keep(&d, "later"), 0);
	assert_string_equal(text_of(FILE_OF), "2026-02-01T00:59:59Z later\n");
	assert_int_equal(claim(&d), DONE_BEFORE);
	assert_string_equal(id, "later");
}

/* It ran out, was claimed by one who died, and then the clock went back. */
static void
test_expired_then_back(void **state)
{
	(void)state;
	keep();
	now_ms += 3600 * 1000;
	assert_int_equal(apart(claim_and_die), DONE_CLAIMED);
	now_ms -= 3600 * 1000;
	assert_true(is_new());
}

/* The file's own time says nothing. */
static void
test_not_by_mtime(void **state)
{
	const struct timespec	 old[2] = { { 1, 0 }, { 1, 0 } };

	(void)state;
	keep();
	assert_int_equal(utimensat(AT_FDCWD, path_of(FILE_OF), old, 0), 0);
	assert_true(is_before());
	assert_int_equal(done_sweep(dir, HOUR), 0);
	assert_true(is_before());
}

/* Delivered is delivered, even if only later. */
static void
test_future(void **state)
{
	(void)state;
	keep();
	now_ms -= INT64_C(1000) * 86400 * 365;
	assert_true(is_before());
}

/* Nothing but a whole line is a delivery. */
static void
test_damaged(void **state)
{
	static const char *const bad[] = {
		"2", "2026-01-31T23:59:59Z", "2026-01-31T23:59:59Z ",
		"2026-01-31T23:59:59Z \n", "2026-01-31T23:59:59Z " ID,
		"2026-01-31T23:59:59Z " ID " \n",
		"2026-01-31T23:59:59Z " ID "\nx", LINE LINE,
		"2026-01-31T23:59:59Z  " ID "\n",
		"2026-01-31t23:59:59Z " ID "\n",
		"2026-02-30T23:59:59Z " ID "\n",
		"1970-01-01T00:00:00Z " ID "\n",
		"2999-1-31T23:59:59Zz " ID "\n",
		"2026-01-31T23:59:59Z\n" ID "\n",
		"2026-01-31T23:59:59Z 0123456789012345678901234567890123456789"
		"\n",
		"2026-01-31T23:59:59Z a\tb\n",
		"2026-01-31T23:59:59Z m\xc3\xbcller\n"
	};
	size_t	 i;

	(void)state;
	for (i = 0; i < NELEM(bad); i++) {
		put_line(bad[i], strlen(bad[i]));
		assert_true(is_new());
		assert_true(logged("/" FILE_OF " is damaged: taken as not "
		    "delivered, nothing needs doing"));
		put_line(bad[i], strlen(bad[i]));
		assert_int_equal(done_sweep(dir, HOUR), 0);
		assert_false(exists(FILE_OF));
	}
	put_line("", 0);
	assert_true(is_new());
	assert_false(logged("damaged"));
	put_line(LINE, sizeof(LINE));
	assert_true(is_new());
	put_line(LINE, strlen(LINE));
	assert_true(is_before());
}

/* Each part of a line, and of zeros where the file system made it longer. */
static void
test_torn(void **state)
{
	char	 text[sizeof(LINE)] = LINE;
	size_t	 n;

	(void)state;
	for (n = 0; n < strlen(LINE); n++) {
		put_line(LINE, n);
		assert_true(is_new());
		memset(text, 0, sizeof(text));
		memcpy(text, LINE, n);
		put_line(text, strlen(LINE));
		assert_true(is_new());
	}
	put_line(LINE, n);
	assert_true(is_before());
}

static void
test_no_plain_file(void **state)
{
	struct done	 d;

	(void)state;
	put_line("", 0);
	assert_int_equal(unlink(path_of(FILE_OF)), 0);
	assert_int_equal(mkfifo(path_of(FILE_OF), 0600), 0);
	assert_int_equal(claim(&d), DONE_FAILED);
	assert_int_equal(errno, EBADMSG);
	assert_int_equal(d.fd, -1);
	assert_true(logged("/" FILE_OF " is no plain file: remove it"));
	assert_int_equal(unlink(path_of(FILE_OF)), 0);
	assert_int_equal(mkdir(path_of(FILE_OF), 0700), 0);
	assert_int_equal(claim(&d), DONE_FAILED);
	assert_int_equal(errno, EISDIR);
	assert_int_equal(done_sweep(dir, HOUR), -1);
	assert_int_equal(rmdir(path_of(FILE_OF)), 0);
	assert_int_equal(symlink("/dev/null", path_of(FILE_OF)), 0);
	assert_int_equal(claim(&d), DONE_FAILED);
	assert_int_equal(errno, ELOOP);
}

static void
test_keys(void **state)
{
	static const char *const bad[] = {
		"", "0123456789abcdef0123456789abcde", KEY "0",
		"0123456789ABCDEF0123456789ABCDEF",
		"../3456789abcdef0123456789abcdef"
	};
	struct done	 d;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(bad); i++) {
		errno = 0;
		assert_int_equal(done_claim(dir, bad[i], HOUR, &d, id),
		    DONE_FAILED);
		assert_int_equal(errno, EINVAL);
		assert_int_equal(d.fd, -1);
	}
	assert_false(exists("done"));
}

/* What could not be read again is not written. */
static void
test_ids(void **state)
{
	static const char *const bad[] = {
		"", "a b", "a\n", "0123456789012345678901234567890123456789"
	};
	struct done	 d;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(bad); i++) {
		assert_int_equal(claim(&d), DONE_CLAIMED);
		assert_int_equal(done_keep(&d, bad[i]), -1);
		assert_int_equal(errno, EINVAL);
		assert_int_equal(d.fd, -1);
		assert_true(is_new());
	}
	assert_int_equal(claim(&d), DONE_CLAIMED);
	assert_int_equal(done_keep(&d,
	    "012345678901234567890123456789012345678"), 0);
	assert_int_equal(claim(&d), DONE_BEFORE);
	assert_string_equal(id, "012345678901234567890123456789012345678");
}

static void
test_no_directory(void **state)
{
	struct done	 d;

	(void)state;
	assert_int_equal(done_claim("/nonexistent", KEY, HOUR, &d, id),
	    DONE_FAILED);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(done_sweep("/nonexistent", HOUR), -1);
	assert_int_equal(done_sweep(dir, HOUR), 0);
	put("done", "", 0);
	assert_int_equal(claim(&d), DONE_FAILED);
	assert_int_equal(errno, ENOTDIR);
	assert_int_equal(done_sweep(dir, HOUR), -1);
}

static int
keep_when_full(void)
{
	struct done	 d;

	fill_disk(0);
	if (claim(&d) != DONE_CLAIMED)
		return 1;
	return done_keep(&d, ID) == -1 && errno == EFBIG && d.fd == -1 ? 0 : 2;
}

/* All of the line has room but its end. */
static int
keep_when_nearly_full(void)
{
	struct done	 d;

	fill_disk(strlen(LINE) - 1);
	if (claim(&d) != DONE_CLAIMED)
		return 1;
	return done_keep(&d, ID) == -1 && errno == ENOSPC ? 0 : 2;
}

static int
claim_as_nobody(void)
{
	struct done	 d;

	become_nobody();
	return claim(&d) == DONE_FAILED && errno == EACCES ? 0 : 1;
}

static void
test_not_writable(void **state)
{
	(void)state;
	assert_int_equal(apart(keep_when_full), 0);
	assert_true(is_new());
	assert_int_equal(apart(keep_when_nearly_full), 0);
	assert_int_equal(size_of(FILE_OF), strlen(LINE) - 1);
	assert_true(is_new());
	keep();
	if (getuid() == 0)
		assert_int_equal(apart(claim_as_nobody), 0);
	assert_true(is_before());
}

/* Backends that ran, as bytes of a file. */
static void
run_backend(void)
{
	int	 fd = open(path_of("runs"), O_WRONLY | O_CREAT | O_APPEND,
		    0600);

	if (fd == -1 || write(fd, "x", 1) != 1)
		_exit(255);
	close(fd);
}

/* As handlers do it, each until it may answer 250; every third fails once. */
static int
deliver(int nth)
{
	struct done	 d;
	bool		 failed = nth % 3 != 0;
	int		 tries;

	for (tries = 0; tries < 100000; tries++)
		switch (claim(&d)) {
		case DONE_CLAIMED:
			if (failed) {
				run_backend();
				return done_keep(&d, ID) == 0 ? 1 : 255;
			}
			done_release(dir, &d);
			failed = true;
			break;
		case DONE_BEFORE:
			return strcmp(id, ID) == 0 ? 1 : 255;
		case DONE_HELD:
			usleep(50);
			break;
		case DONE_FAILED:
			return 255;
		}
	return 254;
}

static int
deliver_and_sweep(int nth)
{
	if (nth % 5 == 0)
		return done_sweep(dir, HOUR) == 0 ? 1 : 255;
	return deliver(nth);
}

static void
test_many_at_once(void **state)
{
	int	 round;

	(void)state;
	for (round = 1; round <= 5; round++) {
		assert_int_equal(at_once(deliver), MANY);
		assert_int_equal(size_of("runs"), round);
		now_ms += 3600 * 1000;
	}
	for (; round <= 10; round++) {
		assert_int_equal(at_once(deliver_and_sweep), MANY);
		assert_int_equal(size_of("runs"), round);
		now_ms += 3600 * 1000;
	}
}

static void
test_sweep(void **state)
{
	struct done	 d;

	(void)state;
	keep();
	put("done/01/README", "mine", 4);
	put("done/notes", "mine", 4);
	now_ms += 3599 * 1000;
	assert_int_equal(done_claim(dir, OTHER, HOUR, &d, id), DONE_CLAIMED);
	assert_int_equal(done_sweep(dir, HOUR), 0);
	assert_true(is_before());
	now_ms += 1000;
	assert_int_equal(done_sweep(dir, HOUR), 0);
	assert_false(exists(FILE_OF));
	assert_true(exists("done/01/" OTHER));	/* it is held */
	assert_true(exists("done/01/README"));
	assert_true(exists("done/notes"));
	assert_int_equal(done_keep(&d, ID), 0);
	assert_int_equal(done_sweep(dir, HOUR), 0);
	assert_true(exists("done/01/" OTHER));
	assert_int_equal(apart(claim_and_die), DONE_CLAIMED);
	assert_int_equal(done_sweep(dir, HOUR), 0);
	assert_false(exists(FILE_OF));
}

/* Else it would be remembered until that time has come. */
static void
test_sweep_future(void **state)
{
	(void)state;
	now_ms += INT64_C(1000) * 86400 * 365;
	keep();
	now_ms = INT64_C(1000) * NOW_S;
	assert_int_equal(done_sweep(dir, HOUR), 0);
	assert_string_equal(text_of(FILE_OF), LINE);
	now_ms += 3599 * 1000;
	assert_true(is_before());
	now_ms += 1000;
	assert_true(is_new());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_kept),
		CASE(test_released),
		CASE(test_held),
		CASE(test_dead),
		CASE(test_expired),
		CASE(test_expired_then_back),
		CASE(test_not_by_mtime),
		CASE(test_future),
		CASE(test_damaged),
		CASE(test_torn),
		CASE(test_no_plain_file),
		CASE(test_keys),
		CASE(test_ids),
		CASE(test_no_directory),
		CASE(test_not_writable),
		CASE(test_many_at_once),
		CASE(test_sweep),
		CASE(test_sweep_future)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
