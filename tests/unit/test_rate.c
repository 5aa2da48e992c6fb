/*
 * Places in a window, on a real file system, by a clock that is set.
 */
#include "state_site.h"

#include "rate.h"

#define LINE(ms)	"0017699039" ms "\n"	/* NOW_S is "99000" */

static const struct rate	 three = { 3, 60 };

static int
reserve(const struct rate *rate)
{
	struct rate_place	 place;

	return rate_reserve(dir, "rate", "acme", rate, &place);
}

static void
test_read(void **state)
{
	static const char *const bad[] = {
		"", "0/hour", "1", "1/", "/hour", "-1/hour", "+1/hour",
		" 1/hour", "1 /hour", "1/hours", "1/week", "01/hour",
		"100001/day", "99999999999999999999/day", "1/hour "
	};
	struct rate	 rate;
	size_t		 i;

	(void)state;
	assert_int_equal(rate_read("60/hour", &rate), 0);
	assert_int_equal(rate.count, 60);
	assert_int_equal(rate.seconds, 3600);
	assert_int_equal(rate_read("1/second", &rate), 0);
	assert_int_equal(rate.count, 1);
	assert_int_equal(rate.seconds, 1);
	assert_int_equal(rate_read("10/minute", &rate), 0);
	assert_int_equal(rate.seconds, 60);
	assert_int_equal(rate_read("100000/day", &rate), 0);
	assert_int_equal(rate.count, 100000);
	assert_int_equal(rate.seconds, 86400);
	for (i = 0; i < NELEM(bad); i++)
		assert_int_equal(rate_read(bad[i], &rate), -1);
}

static void
test_spent(void **state)
{
	struct rate_place	 place;
	int			 i;

	(void)state;
	for (i = 0; i < 3; i++) {
		assert_int_equal(rate_reserve(dir, "rate", "acme", &three,
		    &place), 1);
		assert_int_equal(place.nth, i);
		assert_int_equal(place.when, now_ms);
	}
	assert_int_equal(reserve(&three), 0);
	assert_int_equal(reserve(&three), 0);
	assert_string_equal(text_of("rate/acme"),
	    "001769903999000\n001769903999000\n001769903999000\n");
	assert_int_equal(mode_of("rate"), 0700);
	assert_int_equal(mode_of("rate/acme"), 0600);
}

/* Any window, not that of the wall clock's minute. */
static void
test_slides(void **state)
{
	(void)state;
	assert_int_equal(reserve(&three), 1);
	now_ms += 59999;
	assert_int_equal(reserve(&three), 1);
	assert_int_equal(reserve(&three), 1);
	assert_int_equal(reserve(&three), 0);
	now_ms += 1;
	assert_int_equal(reserve(&three), 1);
	assert_int_equal(reserve(&three), 0);
	now_ms += 59998;
	assert_int_equal(reserve(&three), 0);
	now_ms += 1;
	assert_int_equal(reserve(&three), 1);
	assert_int_equal(reserve(&three), 1);
	assert_int_equal(reserve(&three), 0);
	assert_int_equal(size_of("rate/acme"), 3 * 16);
}

static void
test_apart(void **state)
{
	const struct rate	 one = { 1, 60 };
	struct rate_place	 place;

	(void)state;
	assert_int_equal(reserve(&one), 1);
	assert_int_equal(reserve(&one), 0);
	assert_int_equal(rate_reserve(dir, "rate", "other", &one, &place), 1);
	assert_int_equal(rate_reserve(dir, "notices", "acme", &one, &place),
	    1);
	assert_int_equal(rate_reserve(dir, "notices", "acme", &one, &place),
	    0);
}

static void
test_returned(void **state)
{
	struct rate_place	 a, b;

	(void)state;
	assert_int_equal(rate_reserve(dir, "rate", "acme", &three, &a), 1);
	assert_int_equal(rate_reserve(dir, "rate", "acme", &three, &b), 1);
	assert_int_equal(reserve(&three), 1);
	assert_int_equal(rate_return(dir, "rate", "acme", &b), 0);
	assert_int_equal(rate_reserve(dir, "rate", "acme", &three, &b), 1);
	assert_int_equal(b.nth, 1);
	assert_int_equal(reserve(&three), 0);
	now_ms += 60000;
	assert_int_equal(reserve(&three), 1);
	/* the first place is another's now */
	assert_int_equal(rate_return(dir, "rate", "acme", &a), 0);
	assert_int_equal(reserve(&three), 1);
	assert_int_equal(reserve(&three), 1);
	assert_int_equal(reserve(&three), 0);
}

/* One that is nowhere is nobody's. */
static void
test_returned_in_vain(void **state)
{
	const struct rate_place	 none = { 7, 1 };

	(void)state;
	assert_int_equal(rate_return(dir, "rate", "acme", &none), 0);
	assert_int_equal(reserve(&three), 1);
	assert_int_equal(rate_return(dir, "rate", "acme", &none), 0);
	assert_int_equal(size_of("rate/acme"), 16);
}

static void
test_count_grows(void **state)
{
	const struct rate	 five = { 5, 60 };

	(void)state;
	while (reserve(&three) == 1)
		;
	assert_int_equal(reserve(&five), 1);
	assert_int_equal(reserve(&five), 1);
	assert_int_equal(reserve(&five), 0);
}

/* Never more than the count in a window, also of places that it no longer
 * has; and the file becomes as short as they allow. */
static void
test_count_shrinks(void **state)
{
	const struct rate	 five = { 5, 60 };
	struct rate_place	 place;
	int			 i;

	(void)state;
	for (i = 0; i < 5; i++) {
		assert_int_equal(rate_reserve(dir, "rate", "acme", &five,
		    &place), 1);
		now_ms += 10000;
	}
	/* taken at 0, 10, 20, 30 and 40; it is 50 */
	assert_int_equal(reserve(&three), 0);
	now_ms += 29999;
	assert_int_equal(reserve(&three), 0);
	now_ms += 1;
	assert_int_equal(rate_reserve(dir, "rate", "acme", &three, &place), 1);
	assert_int_equal(place.nth, 0);
	assert_int_equal(reserve(&three), 0);
	assert_int_equal(size_of("rate/acme"), 5 * 16);
	now_ms += 20000;
	assert_int_equal(reserve(&three), 1);
	assert_int_equal(size_of("rate/acme"), 2 * 16);
	assert_int_equal(reserve(&three), 1);
	assert_int_equal(reserve(&three), 0);
	assert_int_equal(size_of("rate/acme"), 3 * 16);
}

/* All that is beyond is free, and what is not becomes a last line again. */
static void
test_shortened_to_the_last(void **state)
{
	(void)state;
	(void)mkdir(path_of("rate"), 0700);
	put("rate/acme", LINE("99000") LINE("00000") LINE("00000")
	    LINE("00000"), 4 * 16);
	now_ms += 10;
	assert_int_equal(reserve(&three), 1);
	assert_int_equal(size_of("rate/acme"), 2 * 16);
	assert_string_equal(text_of("rate/acme"), LINE("99000") LINE("99010"));
}

/* The clock was ahead and was set back. */
static void
test_future(void **state)
{
	(void)state;
	now_ms += INT64_C(1000) * 86400 * 365;
	while (reserve(&three) == 1)
		;
	now_ms = INT64_C(1000) * NOW_S;
	assert_int_equal(reserve(&three), 0);
	assert_string_equal(text_of("rate/acme"),
	    LINE("99000") LINE("99000") LINE("99000"));
	now_ms += 59999;
	assert_int_equal(reserve(&three), 0);
	now_ms++;
	assert_int_equal(reserve(&three), 1);
}

/* A clock that nobody set: a time of zero would be a free place. */
static void
test_past(void **state)
{
	(void)state;
	for (now_ms = -5; now_ms < 2; now_ms++)
		(void)reserve(&three);
	assert_int_equal(reserve(&three), 0);
	now_ms = INT64_C(1000) * NOW_S;
	assert_int_equal(reserve(&three), 1);
}

static void
test_damaged(void **state)
{
	static const char *const bad[] = {
		"0", "\n", LINE("99000") "00176990",
		"001769903999000 ", "001769903999000\r", "00176990399900\n\n",
		"-01769903999000\n", "00176990399900x\n", "               \n",
		LINE("99000") "xxxxxxxxxxxxxxx\n"
	};
	size_t	 i;

	(void)state;
	(void)mkdir(path_of("rate"), 0700);
	for (i = 0; i < NELEM(bad); i++) {
		now_ms = INT64_C(1000) * NOW_S;
		put("rate/acme", bad[i], strlen(bad[i]));
		assert_int_equal(reserve(&three), 0);
		assert_true(logged("/rate/acme is damaged: counted as 3 taken "
		    "now, none are left for 60 s; remove it to begin anew"));
		assert_int_equal(reserve(&three), 0);
		assert_false(logged("damaged"));
		now_ms += 59999;
		assert_int_equal(reserve(&three), 0);
		now_ms++;
		assert_int_equal(reserve(&three), 1);
		assert_int_equal(size_of("rate/acme"), 3 * 16);
	}
}

/* As after a loss of power: zeros, and far too many. */
static void
test_zeros(void **state)
{
	(void)state;
	(void)mkdir(path_of("rate"), 0700);
	put("rate/acme", "", 0);
	assert_int_equal(truncate(path_of("rate/acme"), 3 * 16), 0);
	assert_int_equal(reserve(&three), 0);
	assert_true(logged("damaged"));
	put("rate/acme", "", 0);
	assert_int_equal(truncate(path_of("rate/acme"),
	    (RATE_COUNT_MAX + 1) * 16L), 0);
	assert_int_equal(reserve(&three), 0);
	assert_true(logged("damaged"));
	assert_int_equal(size_of("rate/acme"), 3 * 16);
	assert_int_equal(reserve(&three), 0);
}

static void
test_no_plain_file(void **state)
{
	(void)state;
	(void)mkdir(path_of("rate"), 0700);
	assert_int_equal(mkfifo(path_of("rate/acme"), 0600), 0);
	assert_int_equal(reserve(&three), -1);
	assert_int_equal(errno, EBADMSG);
	assert_true(logged("/rate/acme is no plain file: remove it"));
	assert_int_equal(unlink(path_of("rate/acme")), 0);
	assert_int_equal(mkdir(path_of("rate/acme"), 0700), 0);
	assert_int_equal(reserve(&three), -1);
	assert_int_equal(errno, EISDIR);
	assert_int_equal(rmdir(path_of("rate/acme")), 0);
	assert_int_equal(symlink("/etc/passwd", path_of("rate/acme")), 0);
	assert_int_equal(reserve(&three), -1);
	assert_int_equal(errno, ELOOP);
}

static void
test_names(void **state)
{
	static const char *const bad[] = {
		"", ".", "..", ".acme.lock", "../x", "a/b", "a b", "a\n",
		"m\xc3\xbcller"
	};
	struct rate_place	 place = { 0, 1 };
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(bad); i++) {
		errno = 0;
		assert_int_equal(rate_reserve(dir, "rate", bad[i], &three,
		    &place), -1);
		assert_int_equal(errno, EINVAL);
		assert_int_equal(rate_return(dir, "rate", bad[i], &place), -1);
	}
	assert_int_equal(rate_reserve(dir, "rate", "a@b-c_d.e~%", &three,
	    &place), 1);
}

static void
test_no_directory(void **state)
{
	struct rate_place	 place = { 0, 1 };

	(void)state;
	assert_int_equal(rate_reserve("/nonexistent", "rate", "acme", &three,
	    &place), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(rate_return("/nonexistent", "rate", "acme", &place),
	    -1);
	assert_int_equal(rate_sweep("/nonexistent", "rate", 60), -1);
	assert_int_equal(rate_sweep(dir, "rate", 60), 0);
	put("rate", "", 0);
	assert_int_equal(reserve(&three), -1);
	assert_int_equal(errno, ENOTDIR);
	assert_int_equal(rate_sweep(dir, "rate", 60), -1);
}

static int
reserve_when_full(void)
{
	struct rate_place	 place = { 0, now_ms };

	fill_disk(0);
	if (rate_reserve(dir, "rate", "new", &three, &place) != -1 ||
	    errno != EFBIG)
		return 1;
	if (reserve(&three) != -1 || errno != EFBIG)
		return 2;
	return rate_return(dir, "rate", "acme", &place) == -1 &&
	    errno == EFBIG ? 0 : 3;
}

/* A part of a line has room. */
static int
reserve_when_nearly_full(void)
{
	fill_disk(16 + 7);
	return reserve(&three) == -1 && errno == ENOSPC ? 0 : 1;
}

static int
reserve_as_nobody(void)
{
	become_nobody();
	return reserve(&three) == -1 && errno == EACCES ? 0 : 1;
}

/* Nothing is taken, and nothing is given back. */
static void
test_not_writable(void **state)
{
	(void)state;
	assert_int_equal(reserve(&three), 1);
	assert_int_equal(apart(reserve_when_full), 0);
	assert_int_equal(size_of("rate/new"), 0);
	assert_int_equal(size_of("rate/acme"), 16);
	assert_int_equal(apart(reserve_when_nearly_full), 0);
	assert_int_equal(size_of("rate/acme"), 16);
	if (getuid() == 0)
		assert_int_equal(apart(reserve_as_nobody), 0);
	assert_int_equal(reserve(&three), 1);
	assert_int_equal(reserve(&three), 1);
	assert_int_equal(reserve(&three), 0);
}

static int
reserve_twice(int nth)
{
	const struct rate	 most = { 60, 60 };

	(void)nth;
	return (reserve(&most) == 1) + (reserve(&most) == 1);
}

/* A place is given back by every second. */
static int
reserve_and_return(int nth)
{
	const struct rate	 many = { MANY, 60 };
	struct rate_place	 place;

	if (rate_reserve(dir, "rate", "acme", &many, &place) != 1)
		return 0;
	if (nth % 2 == 0)
		return 1;
	return rate_return(dir, "rate", "acme", &place) == 0 ? 0 : 255;
}

static void
test_many_at_once(void **state)
{
	const struct rate	 many = { MANY, 60 };
	int			 round, left;

	(void)state;
	for (round = 0; round < 5; round++) {
		assert_int_equal(at_once(reserve_twice), 60);
		now_ms += 60000;
	}
	assert_int_equal(unlink(path_of("rate/acme")), 0);
	for (round = 0; round < 5; round++) {
		assert_int_equal(at_once(reserve_and_return), MANY / 2);
		for (left = 0; reserve(&many) == 1; left++)
			;
		assert_int_equal(left, MANY - MANY / 2);
		now_ms += 60000;
	}
}

static int
reserve_and_sweep(int nth)
{
	const struct rate	 most = { 30, 60 };

	if (nth % 5 == 0)
		return rate_sweep(dir, "rate", 60) == 0 ? 0 : 255;
	return reserve(&most) == 1;
}

/* A sweep removes the lock under those who wait for it. */
static void
test_sweep_among_many(void **state)
{
	int	 round;

	(void)state;
	for (round = 0; round < 5; round++) {
		assert_int_equal(at_once(reserve_and_sweep), 30);
		now_ms += 60000;
	}
}

static void
test_sweep(void **state)
{
	struct rate_place	 place;

	(void)state;
	assert_int_equal(reserve(&three), 1);
	now_ms += 30000;
	assert_int_equal(rate_reserve(dir, "rate", "late", &three, &place), 1);
	assert_int_equal(rate_return(dir, "rate", "none", &place), 0);
	put("rate/.dead.lock", "", 0);
	put("rate/.other", "", 0);
	now_ms += 29999;
	assert_int_equal(rate_sweep(dir, "rate", 60), 0);
	assert_true(exists("rate/acme"));
	assert_false(exists("rate/none"));
	assert_false(exists("rate/.none.lock"));
	assert_false(exists("rate/.dead.lock"));
	assert_true(exists("rate/.other"));
	now_ms++;
	assert_int_equal(rate_sweep(dir, "rate", 60), 0);
	assert_false(exists("rate/acme"));
	assert_false(exists("rate/.acme.lock"));
	assert_true(exists("rate/late"));
	assert_int_equal(reserve(&three), 1);
}

/* What is from the future is from now; what is damaged, as old as its file. */
static void
test_sweep_odd(void **state)
{
	const struct timespec	 old[2] = { { 1, 0 }, { 1, 0 } };
	const struct timespec	 now[2] = { { NOW_S, 0 }, { NOW_S, 0 } };

	(void)state;
	now_ms += INT64_C(1000) * 86400 * 365;
	assert_int_equal(reserve(&three), 1);
	now_ms = INT64_C(1000) * NOW_S;
	put("rate/bad", "bad", 3);
	put("rate/worse", "bad", 3);
	assert_int_equal(utimensat(AT_FDCWD, path_of("rate/bad"), now, 0), 0);
	assert_int_equal(utimensat(AT_FDCWD, path_of("rate/worse"), old, 0),
	    0);
	assert_int_equal(rate_sweep(dir, "rate", 60), 0);
	assert_string_equal(text_of("rate/acme"), LINE("99000"));
	assert_true(exists("rate/bad"));
	assert_false(exists("rate/worse"));
	now_ms += 60000;
	assert_int_equal(rate_sweep(dir, "rate", 60), 0);
	assert_false(exists("rate/acme"));
}

/* More lines than are read at once. */
static void
test_long(void **state)
{
	const struct rate	 some = { 1000, 60 };
	struct rate_place	 place;
	unsigned int		 i;

	(void)state;
	for (i = 0; i < 1000; i++)
		assert_int_equal(reserve(&some), 1);
	assert_int_equal(reserve(&some), 0);
	place = (struct rate_place){ 700, now_ms };
	assert_int_equal(rate_return(dir, "rate", "acme", &place), 0);
	assert_int_equal(rate_reserve(dir, "rate", "acme", &some, &place), 1);
	assert_int_equal(place.nth, 700);
	assert_int_equal(reserve(&some), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		CASE(test_spent),
		CASE(test_slides),
		CASE(test_apart),
		CASE(test_returned),
		CASE(test_returned_in_vain),
		CASE(test_count_grows),
		CASE(test_count_shrinks),
		CASE(test_shortened_to_the_last),
		CASE(test_future),
		CASE(test_past),
		CASE(test_damaged),
		CASE(test_zeros),
		CASE(test_no_plain_file),
		CASE(test_names),
		CASE(test_no_directory),
		CASE(test_not_writable),
		CASE(test_many_at_once),
		CASE(test_sweep_among_many),
		CASE(test_sweep),
		CASE(test_sweep_odd),
		CASE(test_long)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
