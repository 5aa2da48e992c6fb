/*
 * Domains and the tokens that prove them, one small text file each.  Trusts
 * whoever may write below the state directory, not that a file is whole.
 */
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "domains.h"

#define DIRECTORY	"domains"
#define TIME_FORMAT	"%Y-%m-%dT%H:%M:%SZ"
#define FILE_MAX	512	/* several times what is written */
#define TOKEN_BYTES	16
#define LABEL_MAX	63

/* What is safe as a file's name, too: no slash, no dot in front. */
static bool
is_domain(const char *s)
{
	size_t len;

	if (strlen(s) >= SPF_NAME_MAX - 2)
		return false;
	for (;; s += len + 1) {
		len = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-_");
		if (len == 0 || len > LABEL_MAX || *s == '-' ||
		    s[len - 1] == '-' || (s[len] != '.' && s[len] != '\0'))
			return false;
		if (s[len] == '\0')
			return true;
	}
}

static bool
is_token(const char *s)
{
	return strlen(s) == 2 * TOKEN_BYTES &&
	    s[strspn(s, "0123456789abcdef")] == '\0';
}

char *
domains_time(char *out, time_t when)
{
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL ||
	    strftime(out, DOMAINS_TIME_MAX, TIME_FORMAT, &tm) == 0)
		strlcpy(out, "?", DOMAINS_TIME_MAX);
	return out;
}

/* Only as domains_time() writes it.  0, or -1. */
static int
read_time(const char *s, time_t *out)
{
	char again[DOMAINS_TIME_MAX];
	struct tm tm = { 0 };

	if (strptime(s, TIME_FORMAT, &tm) == NULL)
		return -1;
	*out = timegm(&tm);
	return *out > 0 && strcmp(domains_time(again, *out), s) == 0 ? 0 : -1;
}

static int
read_line(char *line, struct domain_proof *proof)
{
	char *value = strchr(line, ' ');

	if (value == NULL)
		return -1;
	*value++ = '\0';
	if (strcmp(line, "token") == 0)
		return is_token(value) && strlcpy(proof->token, value,
		    sizeof(proof->token)) < sizeof(proof->token) ? 0 : -1;
	if (strcmp(line, "issued") == 0)
		return read_time(value, &proof->issued);
	if (strcmp(line, "verified") == 0)
		return read_time(value, &proof->verified);
	if (strcmp(line, "checked") == 0)
		return read_time(value, &proof->checked);
	return -1;
}

static int
read_text(char *text, struct domain_proof *proof)
{
	char *line, *end;

	memset(proof, 0, sizeof(*proof));
	for (line = text; *line != '\0'; line = end + 1) {
		if ((end = strchr(line, '\n')) == NULL)
			return -1;
		*end = '\0';
		if (read_line(line, proof) == -1)
			return -1;
	}
	return proof->token[0] != '\0' && proof->issued != 0 ? 0 : -1;
}

/* All of a file that is open; -1 where it is none of ours. */
static int
read_fd(int fd, struct domain_proof *proof)
{
	char text[FILE_MAX + 1];
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) == -1)
		return -1;
	errno = EBADMSG;
	if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX)
		return -1;
	if ((n = read(fd, text, FILE_MAX)) == -1)
		return -1;
	text[n] = '\0';
	errno = EBADMSG;
	return strlen(text) == (size_t)n ? read_text(text, proof) : -1;
}

static int
open_directory(const char *state_dir)
{
	char *path;
	int fd;

	if (asprintf(&path, "%s/" DIRECTORY, state_dir) == -1)
		return -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(path);
	return fd;
}

static int
close_kindly(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
	return -1;
}

int
domains_read(const char *state_dir, const char *domain,
    struct domain_proof *proof)
{
	int dir, fd, rc;

	if (!is_domain(domain)) {
		errno = EINVAL;
		return -1;
	}
	if ((dir = open_directory(state_dir)) == -1)
		return errno == ENOENT && access(state_dir, R_OK | X_OK) == 0 ?
		    0 : -1;
	fd = openat(dir, domain, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC);
	close_kindly(dir);
	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	rc = read_fd(fd, proof);
	close_kindly(fd);
	return rc == 0 ? 1 : -1;
}

int
domains_verified(const char *state_dir, const char *domain)
{
	struct domain_proof proof;
	int rc = domains_read(state_dir, domain, &proof);

	return rc == 1 ? proof.verified != 0 : rc;
}

/* The directory, made where it is not there yet. */
static int
make_directory(const char *state_dir)
{
	char *path;
	int rc;

	if (asprintf(&path, "%s/" DIRECTORY, state_dir) == -1)
		return -1;
	rc = mkdir(path, 0700);
	free(path);
	return rc == -1 && errno != EEXIST ? -1 : open_directory(state_dir);
}

int
domains_lock(const char *state_dir)
{
	int rc, fd = make_directory(state_dir);

	if (fd == -1)
		return -1;
	while ((rc = flock(fd, LOCK_EX)) == -1 && errno == EINTR)
		;
	return rc == 0 ? fd : close_kindly(fd);
}

static void
write_time(FILE *f, const char *key, time_t when)
{
	char text[DOMAINS_TIME_MAX];

	if (when != 0)
		fprintf(f, "%s %s\n", key, domains_time(text, when));
}

/* To disk, all of it; takes the descriptor. */
static int
write_fd(int fd, const struct domain_proof *proof)
{
	FILE *f = fdopen(fd, "w");

	if (f == NULL)
		return close_kindly(fd);
	fprintf(f, "token %s\n", proof->token);
	write_time(f, "issued", proof->issued);
	write_time(f, "verified", proof->verified);
	write_time(f, "checked", proof->checked);
	if (fflush(f) == EOF || fsync(fileno(f)) == -1) {
		fclose(f);
		return -1;
	}
	return fclose(f);
}

/* A new file under a name that is no domain, then the domain's. */
static int
write_in(int dir, const char *domain, const struct domain_proof *proof)
{
	char name[sizeof(".new-") + 2 * TOKEN_BYTES] = ".new-";
	int fd, saved;

	domains_token(name + strlen(name));
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	if (write_fd(fd, proof) == 0 &&
	    renameat(dir, name, dir, domain) == 0)
		return fsync(dir);
	saved = errno;
	unlinkat(dir, name, 0);
	errno = saved;
	return -1;
}

int
domains_write(const char *state_dir, const char *domain,
    const struct domain_proof *proof)
{
	int dir, rc;

	if (!is_domain(domain) || !is_token(proof->token) ||
	    proof->issued == 0) {
		errno = EINVAL;
		return -1;
	}
	if ((dir = make_directory(state_dir)) == -1)
		return -1;
	rc = write_in(dir, domain, proof);
	close_kindly(dir);
	return rc;
}

void
domains_token(char *out)
{
	unsigned char random[TOKEN_BYTES];
	size_t i;

	/* So few bytes come whole, RANDOM(4), or not at all. */
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		err(EX_OSERR, "getrandom");
	for (i = 0; i < sizeof(random); i++)
		snprintf(out + 2 * i, 3, "%02x", random[i]);
}

static int
is_listed(const struct dirent *entry)
{
	return is_domain(entry->d_name);
}

static char **
copy_names(struct dirent **entry, size_t n)
{
	char **list = calloc(n + 1, sizeof(*list));
	size_t i;

	for (i = 0; list != NULL && i < n; i++)
		if ((list[i] = strdup(entry[i]->d_name)) == NULL) {
			while (i > 0)
				free(list[--i]);
			free(list);
			return NULL;
		}
	return list;
}

char **
domains_list(const char *state_dir)
{
	struct dirent **entry = NULL;
	char **list;
	int dir = open_directory(state_dir), i, n;

	if (dir == -1)
		return errno == ENOENT ? calloc(1, sizeof(*list)) : NULL;
	n = scandirat(dir, ".", &entry, is_listed, alphasort);
	close_kindly(dir);
	if (n == -1)
		return NULL;
	list = copy_names(entry, (size_t)n);
	for (i = 0; i < n; i++)
		free(entry[i]);
	free(entry);
	return list;
}
