/*
 * Fuzz target of what reads the state directory: domains.c, rate.c and done.c.
 * Input: one byte that says whose file it is, and the file as a crash, a full
 * disk or an editor may have left it.  Nothing of it lets more past than is
 * allowed, and what is written of it reads as the same.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "domains.h"
#include "done.h"
#include "log.h"
#include "rate.h"

#define NOW	INT64_C(1769903999000)
#define DOMAIN	"example.com"
#define ACCOUNT	"acme"
#define KEY	"0123456789abcdef0123456789abcdef"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static char	 dir[] = "/tmp/fuzz_state.XXXXXX";

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* In clock.c's place, so that a finding stays one. */
int64_t
clock_wall_ms(void)
{
	return NOW;
}

/* In log.c's place: no syslog is bothered. */
void
log_warn(const char *fmt, ...)
{
	must(*fmt != '\0');
}

void
log_warnx(const char *fmt, ...)
{
	must(*fmt != '\0');
}

static void
remove_dir(void)
{
	static const char *const names[] = {
		"domains/" DOMAIN, "domains", "rate/" ACCOUNT,
		"rate/." ACCOUNT ".lock", "rate", "done/01/" KEY, "done/01",
		"done", ""
	};
	char	 path[128];
	size_t	 i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		(void)remove(path);
	}
}

static const char *
path_of(const char *name)
{
	static char	 path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void
make_dir(void)
{
	static bool	 made;

	if (made)
		return;
	must(mkdtemp(dir) != NULL);
	made = true;
	atexit(remove_dir);
	must(mkdir(path_of("domains"), 0700) == 0);
	must(mkdir(path_of("rate"), 0700) == 0);
	must(mkdir(path_of("done"), 0700) == 0);
	must(mkdir(path_of("done/01"), 0700) == 0);
}

static void
put(const char *name, const uint8_t *text, size_t n)
{
	int	 fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	must(fd != -1 && write(fd, text, n) == (ssize_t)n);
	close(fd);
}

static void
check_domain(void)
{
	struct domain_proof	 a, b;
	int			 rc = domains_read(dir, DOMAIN, &a);

	must(domains_verified(dir, DOMAIN) == (rc == 1 ? a.verified != 0 : rc));
	must(rc == 1 || (rc == -1 && errno == EBADMSG));
	if (rc != 1)
		return;
	must(strlen(a.token) == 32 && a.issued > 0);
	must(domains_write(dir, DOMAIN, &a) == 0);
	must(domains_read(dir, DOMAIN, &b) == 1);
	must(strcmp(a.token, b.token) == 0 && a.issued == b.issued);
	must(a.verified == b.verified && a.checked == b.checked);
}

/* Whether these are lines of digits, as many as are looked at. */
static bool
is_whole(const uint8_t *text, size_t n)
{
	size_t	 i;

	if (n % 16 != 0)
		return false;
	for (i = 0; i < n; i++)
		if (i % 16 == 15 ? text[i] != '\n' :
		    text[i] < '0' || text[i] > '9')
			return false;
	return true;
}

/* Never more than the rate has; then spent, in a file of whole lines. */
static void
check_rate(const uint8_t *text, size_t n)
{
	struct rate		 rate = { n % 7 + 1, 3600 };
	struct rate_place	 place = { 0 };
	unsigned int		 given = 0, i;
	struct stat		 st;
	int			 rc;

	for (i = 0; i <= rate.count; i++) {
		rc = rate_reserve(dir, "rate", ACCOUNT, &rate, &place);
		must(rc == 0 || rc == 1);
		must(rc == 0 || (place.when == NOW && given == i));
		given += (unsigned int)rc;
	}
	must(given <= rate.count);
	/* a small damaged file is looked through whole */
	must(is_whole(text, n) || n > rate.count * 16 || given < rate.count);
	must(stat(path_of("rate/" ACCOUNT), &st) == 0);
	must(st.st_size % 16 == 0);
	if (given == 0)
		return;
	must(rate_return(dir, "rate", ACCOUNT, &place) == 0);
	must(rate_reserve(dir, "rate", ACCOUNT, &rate, &place) == 1);
	must(rate_reserve(dir, "rate", ACCOUNT, &rate, &place) == 0);
}

/* Delivered only where the line is whole; claimed, kept, known. */
static void
check_done(const uint8_t *text, size_t n)
{
	struct done		 done;
	char			 id[DONE_ID_MAX] = "", was[DONE_ID_MAX];
	enum done_answer	 answer;

	answer = done_claim(dir, KEY, 3600, &done, id);
	must(answer == DONE_CLAIMED || answer == DONE_BEFORE);
	if (answer == DONE_BEFORE) {
		must(n > 22 && text[n - 1] == '\n' && id[0] != '\0');
		must(memcmp(text + 21, id, n - 22) == 0 &&
		    strlen(id) == n - 22);
		return;
	}
	must(done_keep(&done, "id-1") == 0);
	must(done_claim(dir, KEY, 3600, &done, was) == DONE_BEFORE);
	must(strcmp(was, "id-1") == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	make_dir();
	switch (data[0] % 3) {
	case 0:
		put("domains/" DOMAIN, data + 1, size - 1);
		check_domain();
		break;
	case 1:
		put("rate/" ACCOUNT, data + 1, size - 1);
		check_rate(data + 1, size - 1);
		break;
	default:
		put("done/01/" KEY, data + 1, size - 1);
		check_done(data + 1, size - 1);
	}
	return 0;
}
