/*
 * The log of server addresses, on a real file system.
 */
#include "state_site.h"

#include "seen.h"

#define WHERE		"192.0.2.1"
#define FILE_OF		"seen/acme/" WHERE
#define TEXT		"sender alice@example.com\n" \
			"when 2026-01-31T23:59:59Z\n" \
			"message <1@example.com>\n" \
			"decision delivered\n"
#define COUNT(e, d)	"entries " e "\ndropped " d "\n"

static struct seen
entry_of(const char *where)
{
	struct seen	 s = { .sender = "alice@example.com",
	    .message = "<1@example.com>", .decision = "delivered",
	    .when = NOW_S, .authorised = true };

	strlcpy(s.where, where, sizeof(s.where));
	return s;
}

static int
note(const char *where)
{
	struct seen	 s = entry_of(where);

	return seen_note(dir, "acme", &s);
}

static long
listed(bool untold)
{
	struct seen	*list;
	long		 n = seen_list(dir, "acme", untold, &list);

	free(list);
	return n;
}

static void
tell(const char *where)
{
	struct seen	 s = entry_of(where);

	s.told = NOW_S + 60;
	assert_int_equal(seen_write(dir, "acme", &s), 0);
}

static void
test_where(void **state)
{
	static const char *const rows[][2] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64" },
		{ "2001:db8:0:1::", "2001:db8:0:1::/64" },
		{ "2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64" },
		{ "::1", "::/64" }
	};
	struct ip_addr	 ip = { .family = 10, .byte = { [10] = 0xff, 0xff,
	    192, 0, 2, 1 } };
	char		 out[SEEN_WHERE_MAX];
	size_t		 i;

	(void)state;
	seen_where(&ip, out);
	assert_string_equal(out, "192.0.2.1");
	for (i = 0; i < NELEM(rows); i++) {
		assert_int_equal(ip_read(rows[i][0], &ip), 0);
		seen_where(&ip, out);
		assert_string_equal(out, rows[i][1]);
	}
	memset(&ip, 0, sizeof(ip));
	seen_where(&ip, out);
	assert_string_equal(out, "");
}

static void
test_noted_once(void **state)
{
	struct seen	 other = entry_of(WHERE), *list;

	(void)state;
	assert_false(seen_untold(dir, "acme"));
	assert_int_equal(note(WHERE), 1);
	assert_true(seen_untold(dir, "acme"));
	assert_false(seen_untold(dir, "other"));
	strlcpy(other.sender, "bob@example.com", sizeof(other.sender));
	assert_int_equal(seen_note(dir, "acme", &other), 0);
	assert_string_equal(text_of(FILE_OF), TEXT);
	assert_int_equal(mode_of("seen"), 0700);
	assert_int_equal(mode_of("seen/acme"), 0700);
	assert_int_equal(mode_of(FILE_OF), 0600);
	assert_int_equal(seen_list(dir, "acme", false, &list), 1);
	assert_string_equal(list->where, WHERE);
	assert_string_equal(list->sender, "alice@example.com");
	assert_string_equal(list->message, "<1@example.com>");
	assert_string_equal(list->decision, "delivered");
	assert_int_equal(list->when, NOW_S);
	assert_int_equal(list->told, 0);
	free(list);
	assert_int_equal(seen_note(dir, "other", &other), 1);
}

static void
test_names_of_addresses(void **state)
{
	static const char *const good[] = {
		"2001:db8:0:1::/64", "::/64", "google", "outlook"
	};
	static const char *const bad[] = {
		"", ".", "..", ".new", "../x", "a b", "a_b", "A", "a\n"
	};
	struct seen	 s;
	size_t	 i;

	(void)state;
	for (i = 0; i < NELEM(good); i++)
		assert_int_equal(note(good[i]), 1);
	assert_true(exists("seen/acme/2001:db8:0:1::_64"));
	assert_true(exists("seen/acme/google"));
	for (i = 0; i < NELEM(bad); i++) {
		errno = 0;
		assert_int_equal(note(bad[i]), -1);
		assert_int_equal(errno, EINVAL);
		s = entry_of(bad[i]);
		assert_int_equal(seen_write(dir, "acme", &s), -1);
		assert_int_equal(seen_forget(dir, "acme", bad[i]), -1);
	}
	assert_int_equal(listed(false), NELEM(good));
}

static void
test_names_of_accounts(void **state)
{
	static const char *const bad[] = { "", ".", "..", ".x", "a/b", "a b" };
	struct seen	 s = entry_of(WHERE), *list;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(bad); i++) {
		errno = 0;
		assert_int_equal(seen_note(dir, bad[i], &s), -1);
		assert_int_equal(errno, EINVAL);
		assert_int_equal(seen_write(dir, bad[i], &s), -1);
		assert_int_equal(seen_lock(dir, bad[i]), -1);
		assert_int_equal(seen_list(dir, bad[i], false, &list), -1);
		assert_int_equal(seen_all_told(dir, bad[i]), -1);
		assert_int_equal(seen_forget(dir, bad[i], NULL), -1);
		assert_int_equal(seen_dropped(dir, bad[i]), -1);
		assert_false(seen_untold(dir, bad[i]));
	}
	assert_false(exists("seen"));
	assert_int_equal(seen_note(dir, "a@b~%", &s), 1);
}

/* It came by mail: no line of the file is its. */
static void
test_hostile_text(void **state)
{
	struct seen	 s = entry_of(WHERE), *list;

	(void)state;
	memset(s.sender, 'a', sizeof(s.sender) - 1);
	memset(s.decision, '\xff', sizeof(s.decision) - 1);
	strlcpy(s.message, "x\ntold 2026-01-31T23:59:59Z\r\x7f\t",
	    sizeof(s.message));
	assert_int_equal(seen_note(dir, "acme", &s), 1);
	assert_int_equal(seen_list(dir, "acme", true, &list), 1);
	assert_string_equal(list->message, "x?told 2026-01-31T23:59:59Z???");
	assert_string_equal(list->sender, s.sender);
	assert_string_equal(list->decision, s.decision);
	assert_int_equal(list->told, 0);
	free(list);
	s = entry_of("google");
	s.sender[0] = s.message[0] = s.decision[0] = '\0';
	assert_int_equal(seen_note(dir, "acme", &s), 1);
	assert_string_equal(text_of("seen/acme/google"),
	    "when 2026-01-31T23:59:59Z\n");
	assert_int_equal(listed(false), 2);
}

static void
test_told(void **state)
{
	struct seen	 s = entry_of(WHERE), *list;

	(void)state;
	assert_int_equal(note(WHERE), 1);
	assert_int_equal(seen_write(dir, "acme", &s), 0);
	assert_string_equal(text_of(FILE_OF), TEXT);
	assert_int_equal(seen_list(dir, "acme", true, &list), 1);
	free(list);
	assert_int_equal(seen_all_told(dir, "acme"), 0);
	assert_true(seen_untold(dir, "acme"));
	tell(WHERE);
	assert_string_equal(text_of(FILE_OF),
	    TEXT "told 2026-02-01T00:00:59Z\n");
	assert_true(seen_untold(dir, "acme"));
	assert_int_equal(listed(true), 0);
	assert_int_equal(listed(false), 1);
	assert_int_equal(seen_all_told(dir, "acme"), 0);
	assert_false(seen_untold(dir, "acme"));
	assert_int_equal(seen_all_told(dir, "acme"), 0);
	assert_int_equal(note(WHERE), 0);
	assert_false(seen_untold(dir, "acme"));
	assert_false(exists("seen/acme/.new"));
}

/* One that was noted while the mail of another was under way. */
static void
test_noted_meanwhile(void **state)
{
	(void)state;
	assert_int_equal(note("192.0.2.1"), 1);
	assert_int_equal(note("192.0.2.2"), 1);
	tell("192.0.2.1");
	assert_int_equal(seen_all_told(dir, "acme"), 0);
	assert_true(seen_untold(dir, "acme"));
	tell("192.0.2.2");
	assert_int_equal(seen_all_told(dir, "acme"), 0);
	assert_false(seen_untold(dir, "acme"));
}

static void
test_sorted(void **state)
{
	static const char *const where[] = { "c", "a", "b" };
	struct seen	 s, *list;
	size_t		 i;

	(void)state;
	for (i = 0; i < 3; i++) {
		s = entry_of(where[i]);
		s.when -= i == 2 ? 1 : 0;
		assert_int_equal(seen_note(dir, "acme", &s), 1);
	}
	assert_int_equal(seen_list(dir, "acme", false, &list), 3);
	assert_string_equal(list[0].where, "b");
	assert_string_equal(list[1].where, "a");
	assert_string_equal(list[2].where, "c");
	free(list);
}

static void
test_forgotten(void **state)
{
	(void)state;
	assert_int_equal(seen_forget(dir, "acme", NULL), 0);
	assert_int_equal(seen_forget(dir, "acme", WHERE), 0);
	assert_false(exists("seen"));
	assert_int_equal(note(WHERE), 1);
	assert_int_equal(note("2001:db8::/64"), 1);
	assert_int_equal(seen_forget(dir, "acme", "192.0.2.9"), 0);
	assert_int_equal(seen_forget(dir, "acme", "2001:db8::/64"), 1);
	assert_int_equal(seen_forget(dir, "acme", "2001:db8::/64"), 0);
	assert_int_equal(note(WHERE), 0);
	assert_int_equal(note("2001:db8::/64"), 1);
	assert_int_equal(seen_forget(dir, "acme", NULL), 1);
	assert_int_equal(seen_forget(dir, "acme", NULL), 0);
	assert_int_equal(listed(false), 0);
	assert_false(seen_untold(dir, "acme"));
	assert_int_equal(note(WHERE), 1);
}

/* While its mail was under way: it does not come back. */
static void
test_forgotten_meanwhile(void **state)
{
	(void)state;
	tell(WHERE);
	assert_false(exists("seen"));
	assert_int_equal(note(WHERE), 1);
	assert_int_equal(seen_forget(dir, "acme", WHERE), 1);
	tell(WHERE);
	assert_false(exists(FILE_OF));
	assert_int_equal(seen_all_told(dir, "acme"), 0);
	assert_false(seen_untold(dir, "acme"));
}

/* The last of those who write waits for the lock as all is forgotten. */
static int
write_or_forget(int nth)
{
	struct seen	 s = entry_of(WHERE);
	int		 i;

	if (nth == 0)
		return seen_forget(dir, "acme", NULL) == 1 ? 1 : 255;
	for (i = 0; i < 5; i++)
		if (seen_write(dir, "acme", &s) == -1)
			return 255;
	return 0;
}

static void
test_forgotten_by_one_of_many(void **state)
{
	int	 round;

	(void)state;
	for (round = 0; round < 3; round++) {
		assert_int_equal(note(WHERE), 1);
		assert_int_equal(at_once(write_or_forget), 1);
		assert_false(exists(FILE_OF));
	}
}

static int
lock_elsewhere(void)
{
	return seen_lock(dir, "acme") == -1 && errno == EWOULDBLOCK;
}

static void
test_lock(void **state)
{
	int	 fd = seen_lock(dir, "acme"), other;

	(void)state;
	assert_int_not_equal(fd, -1);
	assert_int_equal(apart(lock_elsewhere), 1);
	assert_int_equal(seen_lock(dir, "acme"), -1);
	assert_int_equal(note(WHERE), 1);	/* nobody waits for a teller */
	other = seen_lock(dir, "other");
	assert_int_not_equal(other, -1);
	close(other);
	close(fd);
	assert_int_equal(apart(lock_elsewhere), 0);
	assert_int_equal(mode_of("seen/acme"), 0700);
}

static void
test_damaged(void **state)
{
	static const char *const bad[] = {
		"", "\n", "sender a@b\n", "when 2026-01-31T23:59:59Z",
		"when 2026-01-31\n", "when\n", "when \n",
		TEXT "told never\n", TEXT "held 1\n", TEXT "held\n",
		TEXT "unknown x\n", TEXT "\n", TEXT "message\n",
		TEXT "message \n", TEXT "message a\tb\n",
		TEXT "where 192.0.2.1\n", "\xff\n"
	};
	char	 text[3000];
	size_t	 i;

	(void)state;
	assert_int_equal(note("192.0.2.2"), 1);
	for (i = 0; i < NELEM(bad); i++) {
		put(FILE_OF, bad[i], strlen(bad[i]));
		assert_int_equal(listed(false), 1);
		assert_true(logged("seen/acme/192.0.2.1 is damaged, and "
		    "passed over: remove it"));
		assert_int_equal(note(WHERE), 0);
	}
	put(FILE_OF, TEXT, sizeof(TEXT));
	assert_int_equal(listed(false), 1);
	memset(text, 'a', sizeof(text));
	memcpy(text, TEXT "message ", strlen(TEXT "message "));
	text[sizeof(text) - 1] = '\n';
	put(FILE_OF, text, sizeof(text));
	assert_int_equal(listed(false), 1);
	text[999] = '\n';
	put(FILE_OF, text, 1000);
	assert_int_equal(listed(false), 1);	/* longer than the field */
	assert_true(logged("damaged"));
	tell("192.0.2.2");
	assert_int_equal(seen_all_told(dir, "acme"), 0);
	assert_false(seen_untold(dir, "acme"));
	assert_int_equal(seen_forget(dir, "acme", WHERE), 1);
	put(FILE_OF, TEXT, strlen(TEXT));
	assert_int_equal(listed(false), 2);
}

static void
test_foreign_files(void **state)
{
	(void)state;
	assert_int_equal(note(WHERE), 1);
	put("seen/acme/.new", "half", 4);
	put("seen/acme/README", TEXT, strlen(TEXT));
	assert_int_equal(listed(false), 1);
	assert_true(logged("seen/acme/README is damaged"));
	assert_int_equal(symlink("192.0.2.1", path_of("seen/acme/a")), 0);
	assert_int_equal(mkfifo(path_of("seen/acme/b"), 0600), 0);
	assert_int_equal(mkdir(path_of("seen/acme/c"), 0700), 0);
	assert_int_equal(listed(false), 1);
	assert_int_equal(note("192.0.2.2"), 1);
	assert_int_equal(seen_forget(dir, "acme", NULL), -1);
	assert_int_equal(errno, EISDIR);
	assert_false(exists(FILE_OF));
	assert_false(exists("seen/acme/b"));
	assert_int_equal(rmdir(path_of("seen/acme/c")), 0);
	assert_int_equal(seen_forget(dir, "acme", NULL), 0);
}

static void
test_no_directory(void **state)
{
	struct seen	 s = entry_of(WHERE), *list;

	(void)state;
	assert_int_equal(seen_note("/nonexistent", "acme", &s), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(seen_lock("/nonexistent", "acme"), -1);
	assert_int_equal(seen_list("/nonexistent", "acme", false, &list), -1);
	assert_null(list);
	assert_int_equal(seen_forget("/nonexistent", "acme", NULL), -1);
	assert_int_equal(listed(false), 0);
	assert_int_equal(seen_dropped(dir, "acme"), 0);
	put("seen", "", 0);
	assert_int_equal(note(WHERE), -1);
	assert_int_equal(errno, ENOTDIR);
	assert_int_equal(listed(false), -1);
	assert_int_equal(seen_lock(dir, "acme"), -1);
	assert_int_equal(seen_forget(dir, "acme", WHERE), -1);
}

static int
note_when_full(void)
{
	struct seen	 told = entry_of(WHERE);

	told.told = NOW_S;
	fill_disk(0);
	if (note(WHERE) != 0)
		return 1;
	if (note("192.0.2.2") != -1 || errno != EFBIG)
		return 2;
	return seen_write(dir, "acme", &told) == -1 && errno == EFBIG ? 0 : 3;
}

/* The count has room, and a part of the entry. */
static int
note_when_nearly_full(void)
{
	fill_disk(strlen(TEXT) - 1);
	return note("192.0.2.2") == -1 && errno == ENOSPC ? 0 : 1;
}

static int
note_as_nobody(void)
{
	become_nobody();
	return note(WHERE) == -1 && errno == EACCES &&
	    !seen_untold(dir, "acme") ? 0 : 1;
}

static void
test_not_writable(void **state)
{
	(void)state;
	assert_int_equal(note(WHERE), 1);
	assert_int_equal(apart(note_when_full), 0);
	assert_int_equal(apart(note_when_nearly_full), 0);
	assert_false(exists("seen/acme/192.0.2.2"));
	assert_false(exists("seen/acme/.new"));
	assert_string_equal(text_of(FILE_OF), TEXT);
	if (getuid() == 0)
		assert_int_equal(apart(note_as_nobody), 0);
	assert_int_equal(note("192.0.2.2"), 1);
	assert_int_equal(listed(true), 2);
}

/* Seventeen addresses, each new to one alone. */
static int
note_some(int nth)
{
	char	 where[32];
	int	 i, rc, new = 0;

	for (i = 0; i < 17; i++) {
		snprintf(where, sizeof(where), "192.0.2.%d", (nth + i) % 17);
		if ((rc = note(where)) == -1)
			return 255;
		new += rc;
	}
	return new;
}

static int
note_one(int nth)
{
	(void)nth;
	return note(WHERE) == 1;
}

static void
test_many_at_once(void **state)
{
	int	 round;

	(void)state;
	for (round = 0; round < 5; round++) {
		assert_int_equal(at_once(note_one), 1);
		assert_int_equal(listed(true), 1);
		assert_int_equal(seen_forget(dir, "acme", WHERE), 1);
	}
	assert_int_equal(at_once(note_some), 17);
	assert_int_equal(listed(true), 17);
	assert_string_equal(text_of("seen/acme/.count"),
	    COUNT("00000017", "00000000"));
}

/* Handlers that note one each, and try to tell of whatever there is. */
static int
note_and_tell(int nth)
{
	struct seen	*list;
	char		 where[32];
	long		 i, n;
	int		 fd;

	snprintf(where, sizeof(where), "192.0.2.%d", nth);
	if (note(where) != 1)
		return 255;
	while (seen_untold(dir, "acme")) {
		if ((fd = seen_lock(dir, "acme")) == -1) {
			usleep(200);
			continue;
		}
		n = seen_list(dir, "acme", true, &list);
		for (i = 0; i < n; i++) {
			list[i].told = NOW_S;
			if (write(log_fd, "x", 1) != 1 ||
			    seen_write(dir, "acme", &list[i]) == -1)
				return 255;
		}
		free(list);
		if (n == -1 || seen_all_told(dir, "acme") == -1)
			return 255;
		close(fd);
	}
	return 1;
}

/* None is told twice, and none is left. */
static void
test_many_tell(void **state)
{
	char	 told[MANY * 2];

	(void)state;
	assert_int_equal(at_once(note_and_tell), MANY);
	assert_int_equal(pread(log_fd, told, sizeof(told), 0), MANY);
	assert_int_equal(listed(true), 0);
	assert_int_equal(listed(false), MANY);
	assert_false(seen_untold(dir, "acme"));
}

static void
set_count(const char *text)
{
	put("seen/acme/.count", text, strlen(text));
}

static void
test_counted_anew(void **state)
{
	static const char *const bad[] = {
		"", "entries 00000000\n", COUNT("0000000x", "00000000"),
		"entries 00000000\ndropped 00000000",
		COUNT("       0", "00000000"),
		COUNT("-0000001", "00000000"), "damaged"
	};
	size_t	 i;

	(void)state;
	assert_int_equal(note(WHERE), 1);
	for (i = 0; i < NELEM(bad); i++) {
		set_count(bad[i]);
		assert_int_equal(seen_dropped(dir, "acme"), 0);
		assert_int_equal(note("192.0.2.2"), 1);
		assert_string_equal(text_of("seen/acme/.count"),
		    COUNT("00000002", "00000000"));
		assert_int_equal(seen_forget(dir, "acme", "192.0.2.2"), 1);
		assert_int_equal(size_of("seen/acme/.count"), 0);
	}
	/* full, it says, but there is one */
	set_count(COUNT("00010000", "00000000"));
	assert_int_equal(note("192.0.2.2"), 1);
	assert_string_equal(text_of("seen/acme/.count"),
	    COUNT("00000002", "00000000"));
	set_count(COUNT("00010000", "00000001"));
	assert_int_equal(note("192.0.2.3"), 2);
	set_count(COUNT("00010000", "00001024"));
	assert_int_equal(note("192.0.2.3"), 1);
	set_count(COUNT("00010000", "99999999"));
	assert_int_equal(note("192.0.2.4"), 2);
	assert_int_equal(seen_dropped(dir, "acme"), 99999999);
}

/* Whoever forges the sender leaves half of the room to who is none. */
static void
test_forgers_leave_room(void **state)
{
	struct seen	 forged = entry_of("192.0.2.3");

	(void)state;
	forged.authorised = false;
	assert_int_equal(note(WHERE), 1);
	set_count(COUNT("00005000", "00000001"));
	assert_int_equal(seen_note(dir, "acme", &forged), 2);
	assert_int_equal(seen_dropped(dir, "acme"), 2);
	assert_int_equal(note("192.0.2.4"), 1);
	assert_string_equal(text_of("seen/acme/.count"),
	    COUNT("00005001", "00000002"));
	set_count(COUNT("00004999", "00000002"));
	assert_int_equal(seen_note(dir, "acme", &forged), 1);
}

static void
test_too_many(void **state)
{
	char	 name[64];
	int	 i;

	(void)state;
	assert_int_equal(note(WHERE), 1);
	for (i = 1; i < SEEN_MANY - 1; i++) {
		snprintf(name, sizeof(name), "seen/acme/10.0.%d.%d", i / 256,
		    i % 256);
		put(name, "", 0);
	}
	set_count("");
	assert_int_equal(note("192.0.2.2"), 1);
	assert_int_equal(seen_dropped(dir, "acme"), 0);
	assert_int_equal(note("192.0.2.3"), 2);
	assert_int_equal(note("192.0.2.3"), 2);
	assert_int_equal(note("192.0.2.2"), 0);
	assert_false(exists("seen/acme/192.0.2.3"));
	assert_int_equal(seen_dropped(dir, "acme"), 2);
	assert_int_equal(seen_forget(dir, "acme", WHERE), 1);
	assert_int_equal(seen_dropped(dir, "acme"), 0);
	assert_int_equal(note("192.0.2.3"), 1);
	assert_int_equal(note("192.0.2.4"), 2);
	assert_int_equal(seen_dropped(dir, "acme"), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_where),
		CASE(test_noted_once),
		CASE(test_names_of_addresses),
		CASE(test_names_of_accounts),
		CASE(test_hostile_text),
		CASE(test_told),
		CASE(test_noted_meanwhile),
		CASE(test_sorted),
		CASE(test_forgotten),
		CASE(test_forgotten_meanwhile),
		CASE(test_forgotten_by_one_of_many),
		CASE(test_lock),
		CASE(test_damaged),
		CASE(test_foreign_files),
		CASE(test_no_directory),
		CASE(test_not_writable),
		CASE(test_many_at_once),
		CASE(test_many_tell),
		CASE(test_counted_anew),
		CASE(test_too_many),
		CASE(test_forgers_leave_room)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
